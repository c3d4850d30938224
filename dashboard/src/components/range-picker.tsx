/** The range of time of a page: its usual lengths, or from one moment to another. */
import { useState } from 'react';
import { RANGES, type RangeName } from '../time-range.js';
import type { ChosenRange } from '../use-time-range.js';
import { Button } from './button.js';
import { Dialog } from './dialog.js';
import { TextField } from './field.js';

const NAMES = Object.keys(RANGES) as RangeName[]; // the keys of a constant

export function RangePicker({ chosen: { range, choose, zoom } }: { readonly chosen: ChosenRange }) {
  const [isCustom, setIsCustom] = useState(false);
  return (
    <div className="segments" role="group" aria-label="Range of time">
      {NAMES.map((name) => (
        <button key={name} type="button" aria-pressed={range.name === name} onClick={() => choose(name)}>
          {name}
        </button>
      ))}
      <button type="button" aria-pressed={range.name === null} onClick={() => setIsCustom(true)}>
        {range.name === null ? spanText(range.fromMs, range.toMs) : 'Custom'}
      </button>
      {isCustom ? (
        <CustomRange
          fromMs={range.fromMs}
          toMs={range.toMs}
          onChoose={(fromMs, toMs) => {
            zoom(fromMs, toMs);
            setIsCustom(false);
          }}
          onClose={() => setIsCustom(false)}
        />
      ) : null}
    </div>
  );
}

interface CustomRangeProps {
  readonly fromMs: number;
  readonly toMs: number;
  readonly onChoose: (fromMs: number, toMs: number) => void;
  readonly onClose: () => void;
}

function CustomRange({ fromMs, toMs, onChoose, onClose }: CustomRangeProps) {
  const [from, setFrom] = useState(inputText(fromMs));
  const [to, setTo] = useState(inputText(toMs));
  const [chosenFrom, chosenTo] = [Date.parse(from), Date.parse(to)]; // without a zone: in the viewer's
  const problem = chosenFrom < chosenTo ? null : 'Must be after From';
  return (
    <Dialog title="Custom range" onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === null) onChoose(chosenFrom, chosenTo);
        }}
      >
        <TextField type="datetime-local" label="From" value={from} onChange={setFrom} />
        <TextField type="datetime-local" label="To" value={to} onChange={setTo} problem={problem} />
        <div className="modal-actions">
          <Button type="submit" kind="primary" disabled={problem !== null}>
            Show
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** As `datetime-local` has it. */
function inputText(atMs: number): string {
  const at = new Date(atMs);
  return new Date(atMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const SPAN = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const spanText = (fromMs: number, toMs: number): string => SPAN.formatRange(fromMs, toMs);
