/** Code to paste: one text, or one for each of several tabs. Shown as text, whatever is in it. */
import { useId, useState, type KeyboardEvent } from 'react';
import { CopyButton } from './copy-button.js';

export interface CodeTab {
  readonly label: string;
  readonly code: string;
}

export function CodeBlock({ code, label = 'Copy code' }: { readonly code: string; readonly label?: string }) {
  return (
    <div className="code-block">
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
      <CopyButton text={code} label={label} />
    </div>
  );
}

/** Arrow keys go from tab to tab. */
export function CodeTabs({ tabs, label }: { readonly tabs: readonly CodeTab[]; readonly label: string }) {
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const tab = tabs[chosen] ?? tabs[0];
  const step = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    const next = (chosen + by + tabs.length) % tabs.length;
    setChosen(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <div className="code-tabs">
      <div role="tablist" aria-label={label} className="code-tabs-list" onKeyDown={step}>
        {tabs.map((each, index) => (
          <button
            key={each.label}
            id={`${id}-${index}`}
            type="button"
            role="tab"
            aria-selected={index === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => setChosen(index)}
          >
            {each.label}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`}>
        <CodeBlock code={tab?.code ?? ''} />
      </div>
    </div>
  );
}
