package sqlite

import (
	"strings"
	"time"

	"todod/internal/store/sqlstore"
	"todod/internal/todo"
)

// getOwner reads what is known of a person.
var getOwner = `select ` + sqlstore.OwnerOf + ` from users where user_id = ?`

// look finds out all that n asks for.
func (p *part) look(n *todo.ReadSet) error {
	if err := p.lookAtOwner(); err != nil {
		return err
	}
	for _, id := range n.Tasks {
		add := func(r *rowReader) { sqlstore.AddKnown(p.known.Owner, r) }
		if err := query(p.ctx, p, add, taskByID, string(p.owner), id); err != nil {
			return err
		}
	}
	for _, id := range n.Objects {
		add := func(r *rowReader) { sqlstore.AddKnownObject(p.known.Owner, r) }
		if err := query(p.ctx, p, add, objectByID, string(p.owner), id); err != nil {
			return err
		}
	}
	if n.New > 0 {
		if err := p.reserve(n.New); err != nil {
			return err
		}
	}
	if n.Key != "" {
		if err := p.recall(n.Key, n.Since); err != nil {
			return err
		}
	}
	if n.Shareable() {
		return nil
	}
	p.alone = &sqlstore.Look{Owner: p.owner, Need: n, Known: &p.known, Holder: func() *todo.Owner { return p.known.Owner }}
	return p.lookAlone()
}

// lookAtOwner finds out about the owner, of whom nothing may be known yet.
func (p *part) lookAtOwner() error {
	o := &todo.Owner{ID: p.owner, ChangedAt: p.at, Claims: todo.User{ID: p.owner}, Tasks: map[int64]todo.Task{}}
	p.known.Owner = o
	return query(p.ctx, p, func(r *rowReader) {
		p.isKnown = true
		sqlstore.ReadOwner(r, o)
	}, getOwner, string(p.owner))
}

// taskByID reads a task, objectByID a list or label.
var (
	taskByID   = `select ` + sqlstore.KnownTask + ` from tasks t where t.user_id = ? and t.id = ?`
	objectByID = `select ` + sqlstore.ObjectOf("o") + ` from objects o where o.user_id = ? and o.id = ?`
)

// lastID reads the highest id that was ever given out to a task or an object of another kind.
const lastID = `select max(coalesce((select max(seq) from sqlite_sequence where name in ('tasks', 'objects')), 0),
	coalesce((select max(id) from tasks), 0))`

// reserve finds n ids of new objects of any kind. Nobody else gets one before this change is written or undone.
func (p *part) reserve(n int) error {
	return query(p.ctx, p, func(r *rowReader) {
		last := r.Int64()
		for i := range int64(n) {
			p.known.NewIDs = append(p.known.NewIDs, last+1+i)
		}
	}, lastID)
}

// getKey is sqlstore.GetKey without numbers, which the driver looks up by their names.
var getKey = strings.NewReplacer("?1", "?", "?2", "?", "?3", "?").Replace(sqlstore.GetKey.SQLite)

// recall finds what is remembered of a key since then.
func (p *part) recall(key string, since time.Time) error {
	return query(p.ctx, p, func(r *rowReader) {
		r.Skip(2)
		sqlstore.ReadKey(r, p.owner, &p.known.Stored)
	}, getKey, string(p.owner), key, since.UnixMicro())
}

// lookAlone finds out what only changes ask for that go alone, for one step.
func (p *part) lookAlone() error {
	if err := performAll(p.ctx, p, p.alone.First()); err != nil {
		return err
	}
	return performAll(p.ctx, p, p.alone.Then())
}
