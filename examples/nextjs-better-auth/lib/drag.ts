import { type DragEvent, useState } from "react";
import type { List, Task } from "./todod";

/** What can be dragged. */
export type Dragged = { task: Task } | { list: List };

/** What a drop somewhere would do: where it would be seen to go, and the doing. */
export type Drop = { spot: "before" | "after" | "on"; act: () => void };

// What is being dragged. Browsers tell where it is dragged over only once it is dropped, and that is too late to say no.
let dragged: Dragged | undefined;

/** Returns the properties of an element that can be dragged. */
export function dragging(what: Dragged) {
  return {
    draggable: true,
    onDragStart({ dataTransfer }: DragEvent) {
      dragged = what;
      dataTransfer.effectAllowed = "move";
      dataTransfer.setData("text/plain", "task" in what ? what.task.title : what.list.name);
    },
    onDragEnd: () => (dragged = undefined),
  };
}

/**
 * Returns the properties of an element on which things are dropped. take says what a drop would do, or nothing if that
 * can't be taken; height is where the pointer is: 0 is the upper edge, 1 the lower one.
 */
export function useDrop(take: (dragged: Dragged, height: number) => Drop | undefined) {
  const [spot, setSpot] = useState<Drop["spot"]>();

  function drop(event: DragEvent): Drop | undefined {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    return dragged && take(dragged, (event.clientY - top) / height);
  }

  return {
    "data-drop": spot,
    onDragOver(event: DragEvent) {
      const would = drop(event);
      if (would) event.preventDefault(); // it may be dropped here
      setSpot(would?.spot);
    },
    onDragLeave: () => setSpot(undefined),
    onDrop(event: DragEvent) {
      event.preventDefault();
      setSpot(undefined);
      drop(event)?.act();
    },
  };
}
