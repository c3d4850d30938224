/** One event: what was before, and what after. */
import { changesBetween } from '../../changes.js';
import { Changes } from '../../components/changes.js';
import { Drawer } from '../../components/dialog.js';
import { Facts } from '../../components/facts.js';
import { LongName } from '../../components/long-name.js';
import { Time } from '../../components/time.js';
import type { AuditEvent } from './page.js';

export function EventDrawer({ event, onClose }: { readonly event: AuditEvent; readonly onClose: () => void }) {
  return (
    <Drawer title={event.action} onClose={onClose}>
      <div className="stack">
        <Facts
          facts={[
            ['When', <Time key="at" at={event.createdAt} />],
            ['Who', <LongName key="who" name={event.actor} />],
            ['From', event.ip ?? 'unknown'],
            ['Event', <code key="id">{event.id}</code>],
          ]}
        />
        <Changes changes={changesBetween(event.before, event.after)} />
      </div>
    </Drawer>
  );
}
