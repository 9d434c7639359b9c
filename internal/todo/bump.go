package todo

// RevisionBump is by how much everybody's revision and the ids of tasks rise after a backup was restored: by more than
// anything can have risen between the backup and what was lost (at a thousand changes a second in four months). So
// nothing that was handed out in between, be it an entity tag, a sync token, the id of an event or of a task, comes to
// mean something else. It can be done nearly a million times before a revision has more digits than a JavaScript
// number.
const RevisionBump Rev = 10_000_000_000
