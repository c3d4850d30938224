/** Icons, 16 by 16, drawn in the colour of the text. They say nothing to a screen reader: their button's label does. */

const PATHS = {
  check: 'M3 8.5 6.5 12 13 4.5',
  chevronDown: 'M4 6l4 4 4-4',
  chevronLeft: 'M10 4 6 8l4 4',
  chevronRight: 'M6 4l4 4-4 4',
  chevronUp: 'M4 10l4-4 4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  download: 'M8 2v8m-3-3 3 3 3-3M3 13h10',
  exit: 'M6.5 2.5H3v11h3.5M6.5 8H14m-3-3 3 3-3 3',
  filter: 'M2 4h12M4.5 8h7M7 12h2',
  key: 'M10.5 9.5a3.5 3.5 0 1 0-3.3-2.3L2 12.5V14h2.5v-1.5H6V11h1.5l1.1-1.1c.6-.3 1.2-.4 1.9-.4z',
  laptop: 'M3 4h10v6H3zM1.5 12.5h13',
  menu: 'M2 4h12M2 8h12M2 12h12',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5z',
  plus: 'M8 3v10M3 8h10',
  refresh: 'M13 8a5 5 0 1 1-1.5-3.5M13 2v3h-3',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.5 10.5 14 14',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1',
  thumbDown: 'M5 2v7H2V2zM5 9l3 5c1.2 0 1.5-.8 1.5-1.5V10H13a1 1 0 0 0 1-1.2l-1.1-6A1 1 0 0 0 12 2H5',
  thumbUp: 'M5 14V7H2v7zM5 7l3-5c1.2 0 1.5.8 1.5 1.5V6H13a1 1 0 0 1 1 1.2l-1.1 6a1 1 0 0 1-.9.8H5',
  trash: 'M3 4h10M6 4V2.5h4V4M4.5 4l.5 9.5h6l.5-9.5',
  user: 'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2.5 14c.5-3 2.7-4.5 5.5-4.5s5 1.5 5.5 4.5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
