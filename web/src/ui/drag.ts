// Dragging tasks, by mouse, pen or finger: to another place in their list, or onto a list of the sidebar.

import { signal } from "@preact/signals";
import type { Task } from "todod-client";
import { move, relist } from "../model/actions.ts";
import { keyOf } from "../model/replica.ts";
import { lists, sections, tree } from "../model/state.ts";
import { fitGap, type Gap, type Line, moveInto, without } from "../model/tree.ts";

/** What is dragged: where it would go, and where the line that shows that is. */
export interface Drag {
  task: Task;
  /** The place of the line: from the top of the window, and from its left. */
  top: number;
  left: number;
  width: number;
  /** The list of the sidebar that it would go to, undefined for none. */
  onto: number | null | undefined;
}

/** The drag that is under way. */
export const drag = signal<Drag | null>(null);

const indent = 26;
const edge = 70;

/** Begins to drag a task. */
export function startDrag(event: PointerEvent, task: Task): void {
  if (event.button !== 0) return;
  const grip = event.currentTarget as HTMLElement;
  const list = grip.closest<HTMLElement>("[data-section]");
  const scroller = grip.closest<HTMLElement>(".scroll");
  const section = sections.value.find(({ key }) => key === list?.dataset["section"]);
  if (!list || !section || !scroller) return;
  event.preventDefault();
  grip.setPointerCapture(event.pointerId);
  const lines = without(section.rows.map((row) => ({ id: row.task.id, depth: row.depth })), task.id);
  let gap: Gap | null = null;
  const hover = (at: PointerEvent) => {
    const box = scroller.getBoundingClientRect();
    if (at.clientY < box.top + edge) scroller.scrollBy(0, -12);
    if (at.clientY > box.bottom - edge) scroller.scrollBy(0, 12);
    const target = document.elementFromPoint(at.clientX, at.clientY)?.closest<HTMLElement>("[data-onto]");
    const onto = target ? Number(target.dataset["onto"]) || null : undefined;
    const found = onto === undefined ? findGap(list, lines, task, at) : null;
    gap = found?.gap ?? null;
    drag.value = { task, top: -99, left: 0, width: 0, ...found?.line, onto };
  };
  const end = (at: Event) => {
    grip.removeEventListener("pointermove", hover);
    for (const type of ["pointerup", "pointercancel"]) grip.removeEventListener(type, end);
    removeEventListener("keydown", cancel, true);
    const onto = drag.value?.onto;
    drag.value = null;
    if (at.type !== "pointerup") return;
    if (onto !== undefined) relist(task, onto, lists.value.get(onto ?? 0)?.name ?? "Inbox");
    else if (gap) move(task, moveInto(lines, gap));
  };
  const cancel = (key: KeyboardEvent) => {
    if (key.key !== "Escape") return;
    key.stopPropagation();
    end(key);
  };
  grip.addEventListener("pointermove", hover);
  for (const type of ["pointerup", "pointercancel"]) grip.addEventListener(type, end);
  addEventListener("keydown", cancel, true);
}

/** Returns the gap that is nearest to the pointer, and the line that shows it. */
function findGap(list: HTMLElement, lines: readonly Line[], task: Task, at: PointerEvent) {
  const boxes = lines.map(({ id }) => list.querySelector(`[data-row="${keyOf(id)}"]`)?.getBoundingClientRect());
  let index = boxes.findIndex((box) => box !== undefined && at.clientY < box.top + box.height / 2);
  if (index < 0) index = lines.length;
  const area = list.getBoundingClientRect();
  const gap = fitGap(tree.value, lines, { index, depth: Math.round((at.clientX - area.left - indent) / indent) }, task.id);
  const top = boxes[index]?.top ?? boxes[index - 1]?.bottom ?? area.top;
  const left = area.left + 34 + gap.depth * indent;
  return { gap, line: { top: top - 1, left, width: area.right - left } };
}
