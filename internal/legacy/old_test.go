package legacy

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todod/internal/pgtest"
)

// TestMain brings a PostgreSQL server.
func TestMain(m *testing.M) { pgtest.Main(m) }

// A kind is a way in which SQLModel has laid out the old tables. The statements are those that SQLAlchemy sends.
type kind struct {
	name, user, task string
	ids              [2]string // of the users, as the database writes them
	owners           [2]string // the same as the old backend's tokens wrote them
	taskID           func(n int) any
	oldID            func(n int) string // as it is remembered
	high             string             // how the priority is written, "" for none
	priority         string             // what an import makes of it
	hash             string             // the column
	optional         bool               // the optional columns are there
}

// numbered and hexadecimal are the ids of tasks that there are.
func numbered(n int) any      { return n }
func number(n int) string     { return fmt.Sprint(n) }
func dashed(n int) any        { return dashedText(n) }
func dashedText(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }
func hexadecimal(n int) any   { return strings.ReplaceAll(dashedText(n), "-", "") }

// textIDs, hexIDs, uuidIDs and numberIDs are ids of users. The first is what Better Auth would make.
var (
	textIDs   = [2]string{"KtuE43PEaVgW2lXBcJ0Yr5zNqHdFsT8m", "b"}
	hexIDs    = [2]string{"6f1c0c5e9d5b4c0e8a5d3f2b1a0c9e8d", "ffffffffffff4fffbfffffffffffffff"}
	uuidIDs   = [2]string{"6f1c0c5e-9d5b-4c0e-8a5d-3f2b1a0c9e8d", "ffffffff-ffff-4fff-bfff-ffffffffffff"}
	numberIDs = [2]string{"9", "10"}
)

// sqliteKinds and postgresKinds are the layouts that are imported in tests.
var (
	sqliteKinds = []kind{
		{name: "text ids", user: `CREATE TABLE user (id VARCHAR NOT NULL, email VARCHAR NOT NULL, name VARCHAR,
			password_hash VARCHAR NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TABLE task (id INTEGER NOT NULL, user_id VARCHAR NOT NULL, title VARCHAR(200) NOT NULL,
			description VARCHAR(1000), completed BOOLEAN NOT NULL, priority VARCHAR(6) NOT NULL, due_date DATETIME,
			completed_at DATETIME, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id),
			FOREIGN KEY(user_id) REFERENCES user (id)); CREATE INDEX ix_task_user_id ON task (user_id)`,
			ids: textIDs, owners: textIDs, taskID: numbered, oldID: number, high: "HIGH", priority: "high",
			hash: "password_hash", optional: true},
		{name: "UUIDs in CHAR(32)", user: `CREATE TABLE user (id CHAR(32) NOT NULL, email VARCHAR NOT NULL, name VARCHAR,
			hashed_password VARCHAR NOT NULL, created_at DATETIME NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TABLE task (id CHAR(32) NOT NULL, user_id CHAR(32) NOT NULL, title VARCHAR NOT NULL,
			description VARCHAR, completed BOOLEAN NOT NULL, priority VARCHAR NOT NULL, due_date DATE, completed_at DATETIME,
			created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL, PRIMARY KEY (id),
			FOREIGN KEY(user_id) REFERENCES user (id))`,
			ids: hexIDs, owners: uuidIDs, taskID: hexadecimal, oldID: dashedText, high: "high", priority: "high",
			hash: "hashed_password", optional: true},
		{name: "numbers and no more than there must be", user: `CREATE TABLE user (id INTEGER NOT NULL,
			email VARCHAR NOT NULL, password_hash VARCHAR NOT NULL, created_at DATETIME NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TABLE task (id INTEGER NOT NULL, user_id INTEGER, title VARCHAR NOT NULL, completed BOOLEAN NOT NULL,
			created_at DATETIME NOT NULL, PRIMARY KEY (id))`,
			ids: numberIDs, owners: numberIDs, taskID: numbered, oldID: number, priority: "medium", hash: "password_hash"},
	}
	postgresKinds = []kind{
		{name: "text ids", user: `CREATE TABLE "user" (id VARCHAR NOT NULL, email VARCHAR NOT NULL, name VARCHAR,
			password_hash VARCHAR NOT NULL, created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
			updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TYPE priority AS ENUM ('LOW', 'MEDIUM', 'HIGH'); CREATE TABLE task (id SERIAL NOT NULL,
			user_id VARCHAR NOT NULL, title VARCHAR(200) NOT NULL, description VARCHAR(1000), completed BOOLEAN NOT NULL,
			priority priority NOT NULL, due_date TIMESTAMP WITHOUT TIME ZONE, completed_at TIMESTAMP WITHOUT TIME ZONE,
			created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (id),
			FOREIGN KEY(user_id) REFERENCES "user" (id)); CREATE INDEX ix_task_user_id ON task (user_id)`,
			ids: textIDs, owners: textIDs, taskID: numbered, oldID: number, high: "HIGH", priority: "high",
			hash: "password_hash", optional: true},
		{name: "UUIDs and zones", user: `CREATE TABLE "user" (id UUID NOT NULL, email VARCHAR NOT NULL, name VARCHAR,
			hashed_password VARCHAR NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TABLE task (id UUID NOT NULL, user_id UUID NOT NULL, title VARCHAR NOT NULL, description TEXT,
			completed BOOLEAN NOT NULL, priority VARCHAR NOT NULL, due_date DATE, completed_at TIMESTAMP WITH TIME ZONE,
			created_at TIMESTAMP WITH TIME ZONE NOT NULL, updated_at TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (id))`,
			ids: uuidIDs, owners: uuidIDs, taskID: dashed, oldID: dashedText, high: "high", priority: "high",
			hash: "hashed_password", optional: true},
		{name: "a number here and text there", user: `CREATE TABLE "user" (id SERIAL NOT NULL, email VARCHAR NOT NULL,
			password_hash VARCHAR NOT NULL, created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (id))`,
			task: `CREATE TABLE task (id BIGSERIAL NOT NULL, user_id VARCHAR, title VARCHAR NOT NULL,
			completed BOOLEAN NOT NULL, created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL, PRIMARY KEY (id))`,
			ids: numberIDs, owners: numberIDs, taskID: numbered, oldID: number, priority: "medium", hash: "password_hash"},
	}
)

// An oldBackend is an old database as its owner sees it, who can write.
type oldBackend struct {
	*sql.DB
	kind
	postgres bool
	at       string // the file or the URL
}

// newSQLite returns an old SQLite database of this kind, without rows.
func newSQLite(t *testing.T, k kind) *oldBackend {
	t.Helper()
	path := filepath.Join(t.TempDir(), "old ?#%20 todo.db")
	return (&oldBackend{DB: writable(t, path), kind: k, at: path}).prepared(t)
}

// writable opens a SQLite file to write to.
func writable(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("?", "%3f", "#", "%23", "%", "%25").Replace(path)+
		"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// newPostgres returns an old PostgreSQL database of this kind, without rows.
func newPostgres(t *testing.T, k kind, url string) *oldBackend {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	return (&oldBackend{DB: db, kind: k, postgres: true, at: url}).prepared(t)
}

// prepared returns b with its tables.
func (b *oldBackend) prepared(t *testing.T) *oldBackend {
	t.Helper()
	t.Cleanup(func() { _ = b.DB.Close() })
	for statement := range strings.SplitSeq(b.user+";"+b.task, ";") {
		b.exec(t, statement)
	}
	return b
}

// exec runs a statement.
func (b *oldBackend) exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := b.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// insert adds a row; values are given by column.
func (b *oldBackend) insert(t testing.TB, table string, row map[string]any) {
	t.Helper()
	var columns, params []string
	var args []any
	for column, value := range row {
		args = append(args, value)
		columns, params = append(columns, column), append(params, fmt.Sprintf("$%d", len(args)))
	}
	b.exec(t, fmt.Sprintf("insert into %q (%s) values (%s)", table, strings.Join(columns, ", "), strings.Join(params, ", ")),
		args...)
}

// read opens the database as an import does.
func (b *oldBackend) read(t *testing.T) *Database {
	t.Helper()
	open := OpenSQLite
	if b.postgres {
		open = OpenPostgres
	}
	old, err := open(t.Context(), b.at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := old.Close(); err != nil {
			t.Error(err)
		}
	})
	return old
}

// at is a time as SQLAlchemy writes it into SQLite. PostgreSQL reads that, too.
func at(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000000") }

// person adds a user.
func (b *oldBackend) person(t testing.TB, id, email, hash string) {
	t.Helper()
	row := map[string]any{"id": id, "email": email, b.hash: hash, "created_at": at(noon)}
	if strings.Contains(b.user, "updated_at") {
		row["updated_at"] = at(noon)
	}
	if b.optional {
		row["name"] = "Name of " + email
	}
	b.insert(t, "user", row)
}

// addTask adds a task that was made n minutes after noon, with more in it.
func (b *oldBackend) addTask(t testing.TB, n int, owner, title string, more map[string]any) {
	t.Helper()
	created := at(noon.Add(time.Duration(n) * time.Minute))
	row := map[string]any{"id": b.taskID(n), "user_id": owner, "title": title, "completed": false, "created_at": created}
	if b.optional {
		row["updated_at"], row["priority"] = created, b.high
	}
	for column, value := range more {
		row[column] = value
	}
	b.insert(t, "task", row)
}

// noon is when things happened in the old backend.
var noon = time.Date(2026, 1, 15, 12, 0, 0, 123456000, time.UTC)
