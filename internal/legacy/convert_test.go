package legacy

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"todod/internal/todo"
)

func TestParseTime(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"2026-01-15 10:00:00.123456":       "2026-01-15T10:00:00.123456Z",
		"2026-01-15 10:00:00":              "2026-01-15T10:00:00Z",
		"2026-01-15T10:00:00":              "2026-01-15T10:00:00Z",
		"2026-01-15 10:00:00+00":           "2026-01-15T10:00:00Z",
		"2026-01-15 10:00:00.5+05:30":      "2026-01-15T04:30:00.5Z",
		"2026-01-15 10:00:00-0800":         "2026-01-15T18:00:00Z",
		"2026-01-15T10:00:00.000000Z":      "2026-01-15T10:00:00Z",
		"2026-01-15":                       "day 2026-01-15T00:00:00Z",
		"0001-01-01 00:00:00":              "0001-01-01T00:00:00Z",
		"9999-12-31 23:59:59.999999":       "9999-12-31T23:59:59.999999Z",
		"9999-12-31 23:59:59-01":           "",
		"0000-01-01":                       "",
		"10000-01-01 00:00:00":             "",
		"0044-03-15 00:00:00 BC":           "",
		"infinity":                         "",
		"2026-02-30 10:00:00":              "",
		"2026-01-15 25:00:00":              "",
		"2026-01-15 10:00":                 "",
		"1768471200":                       "",
		"":                                 "",
		"2026-01-15 10:00:00.123456+99:99": "",
	} {
		d, ok := parseTime(s)
		got := ""
		if ok {
			got = d.At.Format(time.RFC3339Nano)
			if d.AllDay {
				got = "day " + got
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

// TestTimesAreReadAsSQLAlchemyWritesThem, with and without an offset.
func TestTimesAreReadAsSQLAlchemyWritesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := time.UnixMicro(rapid.Int64Range(-62_000_000_000_000_000, 253_000_000_000_000_000).Draw(t, "us")).UTC()
		zone := time.FixedZone("", 60*rapid.IntRange(-15*60, 15*60).Draw(t, "minutes of offset"))
		for _, s := range []string{
			at(want), want.Format("2006-01-02 15:04:05.999999"), want.In(zone).Format("2006-01-02 15:04:05.999999-07:00"),
		} {
			if d, ok := parseTime(s); !ok || d.AllDay || !d.At.Equal(want) {
				t.Fatalf("%q: got %v, %v; want %v", s, d, ok, want)
			}
		}
	})
}

// FuzzParseTime: whatever is read can be kept.
func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-01-15 10:00:00.123456", "2026-01-15", "9999-12-31 23:59:59-0100", "2026-01-15T10:00:00+05"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseTime(s)
		if year := d.At.Year(); ok && (year < 1 || year > 9999 || d.At.Location() != time.UTC || !d.At.Truncate(time.Microsecond).Equal(d.At)) {
			t.Errorf("%q: %+v", s, d)
		}
	})
}

// present returns a field with this value.
func present(s string) field { return field{String: s, Valid: true} }

// wholeTable is a table with all columns.
var wholeTable = table{columns: map[string]string{
	"priority": "VARCHAR", "updated_at": "DATETIME", "completed_at": "DATETIME", "due_date": "DATETIME",
}}

// TestWhatBecomesOfATask: each case changes one thing of a good row.
func TestWhatBecomesOfATask(t *testing.T) {
	t.Parallel()
	const created, updated, later = "2026-01-15 10:00:00.5", "2026-01-16 10:00:00", "2026-01-17 10:00:00"
	var null field
	for name, c := range map[string]struct {
		change          func(*oldTask)
		altered, refuse string
		is              func(todo.Task) bool
	}{
		"nothing": {change: func(*oldTask) {}},
		"white space": {func(o *oldTask) { o.title = present("\u00a0 x\n") }, "title was trimmed of white space", "",
			func(t todo.Task) bool { return t.Title == "x" }},
		"no title":             {change: func(o *oldTask) { o.title = null }, refuse: "title must not be null"},
		"an empty title":       {change: func(o *oldTask) { o.title = present(" ") }, refuse: "title must not be empty"},
		"a long title":         {change: func(o *oldTask) { o.title = present(strings.Repeat("é", 201)) }, refuse: "title must be at most 200 characters, got 201"},
		"a title with NUL":     {change: func(o *oldTask) { o.title = present("a\x00") }, refuse: "title must be UTF-8 without NUL characters"},
		"a title in Latin-1":   {change: func(o *oldTask) { o.title = present("caf\xe9") }, refuse: "title must be UTF-8 without NUL characters"},
		"a long description":   {change: func(o *oldTask) { o.description = present(strings.Repeat("😀", 1001)) }, refuse: "description must be at most 1000 characters, got 1001"},
		"description as it is": {change: func(o *oldTask) { o.description = present(" \n") }, is: func(t todo.Task) bool { return *t.Description == " \n" }},
		"an empty description": {change: func(o *oldTask) { o.description = present("") }, is: func(t todo.Task) bool { return *t.Description == "" }},
		"capitals":             {change: func(o *oldTask) { o.priority = present("LOW") }, is: func(t todo.Task) bool { return t.Priority == todo.Low }},
		"no priority": {func(o *oldTask) { o.priority = null }, "priority was none, became medium", "",
			func(t todo.Task) bool { return t.Priority == todo.Medium }},
		"another priority": {change: func(o *oldTask) { o.priority = present("urgent\n") }, refuse: `priority must be low, medium or high, got "urgent\n"`},
		"midnight": {change: func(o *oldTask) { o.due = present("2026-02-01 00:00:00.000000") },
			is: func(t todo.Task) bool { return t.Due.AllDay && t.Due.At.Day() == 1 }},
		"midnight somewhere": {change: func(o *oldTask) { o.due = present("2026-02-01 00:00:00+02") },
			is: func(t todo.Task) bool { return !t.Due.AllDay && t.Due.At.Hour() == 22 }},
		"an hour": {change: func(o *oldTask) { o.due = present("2026-02-01 09:30:00") },
			is: func(t todo.Task) bool { return !t.Due.AllDay && t.Due.At.Hour() == 9 }},
		"no due date":       {change: func(o *oldTask) { o.due = null }, is: func(t todo.Task) bool { return t.Due == nil }},
		"a due date of old": {change: func(o *oldTask) { o.due = present("infinity") }, refuse: `due_date must be a date or a time from the years 1 to 9999, got "infinity"`},
		"no creation": {func(o *oldTask) { o.createdAt = null }, "created_at was unknown, became updated_at", "",
			func(t todo.Task) bool { return t.CreatedAt.Equal(t.UpdatedAt) && t.CreatedAt.Day() == 16 }},
		"no times": {func(o *oldTask) { o.createdAt, o.updatedAt = null, null },
			"created_at was unknown, became the time of the import; updated_at was unknown, became created_at", "",
			func(t todo.Task) bool { return t.CreatedAt.Equal(importTime) && t.UpdatedAt.Equal(importTime) }},
		"time backwards": {func(o *oldTask) { o.createdAt = present(later) }, "updated_at was before created_at, became the same", "",
			func(t todo.Task) bool { return t.CreatedAt.Day() == 17 && t.UpdatedAt.Equal(t.CreatedAt) }},
		"no time": {change: func(o *oldTask) { o.createdAt = present("yesterday") }, refuse: `created_at must be a time from the years 1 to 9999, got "yesterday"`},
		"completed, nobody knows when": {func(o *oldTask) { o.completed = present("1") }, "completed_at was unknown, became updated_at", "",
			func(t todo.Task) bool { return t.Completed && t.CompletedAt.Equal(t.UpdatedAt) }},
		"completed": {change: func(o *oldTask) { o.completed, o.completedAt = present("true"), present(later) },
			is: func(t todo.Task) bool { return t.Completed && t.CompletedAt.Day() == 17 }},
		"open, but completed once": {func(o *oldTask) { o.completedAt = present(later) }, "completed_at was dropped, as the task is open", "",
			func(t todo.Task) bool { return !t.Completed && t.CompletedAt == nil }},
		"unknown whether completed": {func(o *oldTask) { o.completed = null }, "completed was unknown, became false", "", nil},
		"half completed":            {change: func(o *oldTask) { o.completed = present("0.5") }, refuse: `completed must be true or false, got "0.5"`},
		"no id":                     {change: func(o *oldTask) { o.id = null }, refuse: "id must have 1 to 255 bytes, of UTF-8 without NUL characters"},
		"several faults": {change: func(o *oldTask) { o.title, o.priority = present(""), present("0") },
			refuse: `priority must be low, medium or high, got "0"; title must not be empty`},
	} {
		row := oldTask{
			id: present("7"), owner: present("ada"), title: present("x"), completed: present("0"), priority: present("high"),
			createdAt: present(created), updatedAt: present(updated), ownerKnown: true,
		}
		c.change(&row)
		var conv conversion
		got := conv.task(wholeTable, row, importTime)
		altered, refused := strings.Join(sentences(conv.altered), "; "), strings.Join(sentences(conv.faults), "; ")
		if refused != c.refuse || c.refuse == "" && altered != c.altered || c.is != nil && !c.is(got.Task) {
			t.Errorf("%s: altered %q, want %q; refused %q, want %q; %+v", name, altered, c.altered, refused, c.refuse, got)
		}
	}
}

func TestIDsAsTheOldBackendWroteThem(t *testing.T) {
	t.Parallel()
	from := table{columns: map[string]string{"hex": "CHAR(32)", "text": "VARCHAR"}}
	for _, c := range [][3]string{
		{"hex", hexIDs[0], uuidIDs[0]}, {"text", hexIDs[0], hexIDs[0]}, {"hex", textIDs[0], textIDs[0]}, {"hex", "12", "12"}, {"hex", "", ""},
	} {
		if got := from.id(c[0], c[1]); got != c[2] {
			t.Errorf("%s %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestNoticedColumns(t *testing.T) {
	t.Parallel()
	b := newSQLite(t, kind{
		user: "CREATE TABLE user (id INTEGER PRIMARY KEY, email VARCHAR, hashed_password VARCHAR, is_superuser BOOLEAN, avatar)",
		task: "CREATE TABLE task (id INTEGER PRIMARY KEY, user_id INTEGER, title VARCHAR, completed BOOLEAN, created_at DATETIME, tags VARCHAR)",
	})
	old := b.read(t)
	if got := old.LeftBehind(true); !slices.Equal(got, []string{"task.tags", "user.avatar", "user.is_superuser"}) {
		t.Errorf("left behind: %v", got)
	}
	if got := old.LeftBehind(false); !slices.Equal(got, []string{"task.tags"}) {
		t.Errorf("left behind without accounts: %v", got)
	}
	if err := old.CheckAccounts(); err != nil {
		t.Error(err)
	}
}

// TestDatabasesThatAreNotTheOldOne are told by what they lack.
func TestDatabasesThatAreNotTheOldOne(t *testing.T) {
	t.Parallel()
	for ddl, want := range map[string]string{
		"CREATE TABLE tasks (id INTEGER)": `no table "task"`,
		"CREATE TABLE task (id INTEGER)":  "no column user_id\nthe table \"task\" has no column title",
	} {
		b := newSQLite(t, kind{user: "CREATE TABLE other (id INTEGER)", task: ddl})
		old, err := OpenSQLite(t.Context(), b.at)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", ddl, old, err)
		}
	}
	if _, err := OpenSQLite(t.Context(), t.TempDir()+"/nothing.db"); err == nil {
		t.Error("a file that isn't there was opened")
	}
	if _, err := OpenPostgres(t.Context(), "postgres://x:secret@127.0.0.1:1/x"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("a server that isn't there: %v", err)
	}
	for user, want := range map[string]string{
		"CREATE TABLE other (id INTEGER)":                                `no table "user"`,
		"CREATE TABLE user (id TEXT, email TEXT, emailVerified BOOLEAN)": "no column password_hash or hashed_password",
	} {
		b := newSQLite(t, kind{user: user, task: sqliteKinds[0].task})
		if err := b.read(t).CheckAccounts(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", user, err)
		}
	}
}

// TestTheOldDatabaseIsNotWritten: not even by a statement that would.
func TestTheOldDatabaseIsNotWritten(t *testing.T) {
	t.Parallel()
	onBothEngines(t, func(t *testing.T, b *oldBackend, _ target) {
		old := b.read(t)
		err := old.step(t.Context(), func(_ context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "delete from task")
			return err
		})
		if err == nil {
			t.Error("it can be written")
		}
	})
}
