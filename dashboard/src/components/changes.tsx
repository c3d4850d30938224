/** What became of what, path by path. Values are shown as JSON, and as text whatever is in them. */
import { changeText, type Change } from '../changes.js';
import { LongName } from './long-name.js';

export function Changes({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0) return <p className="muted">There is no difference.</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Changes">
      <table className="table changes">
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ path, before, after }) => (
            <tr key={path}>
              <th scope="row">
                <LongName name={path} />
              </th>
              <td className="change-before">{changeText(before)}</td>
              <td className="change-after">{changeText(after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
