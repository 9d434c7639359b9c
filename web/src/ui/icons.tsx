import type { JSX } from "preact";

/** The lines of each icon, on a square of 24. */
const lines = {
  inbox: "M3.5 13.5 6 5.5h12l2.5 8v5h-17zM3.5 13.5h5l1.2 2.5h4.6l1.2-2.5h5",
  today: "M4.5 6.5h15v13h-15zM4.5 10.5h15M8.5 4v3.5M15.5 4v3.5M12 13.2v3.6M10.2 15h3.6",
  upcoming: "M4.5 6.5h15v13h-15zM4.5 10.5h15M8.5 4v3.5M15.5 4v3.5M8 14h.01M12 14h.01M16 14h.01M8 17h.01M12 17h.01",
  all: "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.01M4.5 12h.01M4.5 17.5h.01",
  completed: "M20 12a8 8 0 1 1-3.2-6.4M8.5 11.5l3 3L20 6",
  trash: "M5 7h14M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.3 10.5v5.5M13.7 10.5v5.5",
  label: "M4.5 4.5h7l8 8-7 7-8-8zM8.2 8.2h.01",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20",
  close: "M6 6l12 12M18 6 6 18",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  chevron: "M9 6l6 6-6 6",
  grip: "M9.5 6h.01M14.5 6h.01M9.5 12h.01M14.5 12h.01M9.5 18h.01M14.5 18h.01",
  repeat: "M5 11V9.5a3 3 0 0 1 3-3h9.5M15 3.8l2.7 2.7L15 9.2M19 13v1.5a3 3 0 0 1-3 3H6.5M9 20.2l-2.7-2.7L9 14.8",
  menu: "M4 7h16M4 12h16M4 17h16",
  filter: "M4 6.5h16M7 12h10M10 17.5h4",
  notes: "M5 7h14M5 12h14M5 17h8",
  check: "M6 12.5l4 4 8-9",
  flag: "M6 20V5h11l-2 3.7 2 3.8H6",
  history: "M4.5 12a7.5 7.5 0 1 0 2.3-5.4M4.5 4.5v3.6h3.6M12 8v4.3l2.8 1.7",
  keys: "M3.5 7h17v10.500h-17zM7 10.500h.01M10.3 10.500h.01M13.7 10.500h.01M17 10.500h.01M8 14h8",
  warn: "M12 4.5 20.5 19.500h-17zM12 10v4.500M12 17h.01",
  cloud: "M7 18.500a4 4 0 0 1-.5-7.9 5.5 5.5 0 0 1 10.7.8 3.6 3.6 0 0 1-.2 7.100z",
  skip: "M6 6l7.5 6L6 18zM17.5 6v12",
  leave: "M14 4.500H5.500v15H14M10.5 12h9.500M16.5 8.5 20 12l-3.5 3.5",
  archive: "M4 5h16v4H4zM5.5 9v10.500h13V9M10 13h4",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof lines;

/** An icon, which says nothing to screen readers: what it is on has a name. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={lines[name]} />
    </svg>
  );
}
