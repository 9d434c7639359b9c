package event

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// channel is the channel of PostgreSQL's notifications that todod uses in its database.
const channel = "todod_events"

// How long things take and may take.
const (
	sendEvery      = 20 * time.Millisecond // between two notifications of this process, at least
	connectTimeout = 10 * time.Second
	statementLimit = 5 * time.Second
	partingLimit   = time.Second      // for the last notifications of a process that ends
	quietLimit     = 30 * time.Second // without a word, the connection is asked whether it is alive
	deafPause      = 10 * time.Minute // until it is tried again whether notifications arrive
	firstPause     = 50 * time.Millisecond
	longestPause   = 5 * time.Second
)

// trial begins the payload of the notification by which a process finds out whether any arrive.
const trial = "t"

// connect returns a connection of its own to the database at url, which operators see under this name.
func connect(ctx context.Context, url, name string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing prepared: a pooler may stand in between after all
	cfg.ConnectTimeout = connectTimeout
	cfg.RuntimeParams["application_name"] = name
	return pgx.ConnectConfig(ctx, cfg)
}

// pause waits for about d, or until ctx ends, and returns the next pause.
func pause(ctx context.Context, d time.Duration) time.Duration {
	select {
	case <-ctx.Done():
	case <-time.After(d/2 + mathrand.N(d)): //nolint:gosec // no secret: replicas shall not come back together
	}
	return min(2*d, longestPause)
}

// keepSending tells other processes what is in the outbox, not more often than every sendEvery, until ctx ends. It is
// never part of a writing transaction: PostgreSQL lets those that notify commit one at a time.
func (h *Hub) keepSending(ctx context.Context) {
	var conn *pgx.Conn
	defer func() {
		parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingLimit)
		defer cancel()
		if conn != nil {
			_ = h.send(parting, conn) // the others look, too
			_ = conn.Close(parting)
		}
	}()
	wait := firstPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.out.ready:
		}
		err := error(nil)
		if conn == nil {
			conn, err = connect(ctx, h.cfg.URL, "todod notify")
		}
		if err == nil {
			err = h.send(ctx, conn)
		}
		if err == nil {
			wait = firstPause
			pause(ctx, sendEvery)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		h.log.DebugContext(ctx, "could not tell other processes", "error", err.Error())
		if conn != nil {
			_ = conn.Close(ctx)
			conn = nil
		}
		signal(h.out.ready)
		wait = pause(ctx, wait)
	}
}

// send sends what is in the outbox, and puts it back if that fails.
func (h *Hub) send(ctx context.Context, conn *pgx.Conn) error {
	k, err := h.sharedKey(ctx)
	if err != nil {
		return err
	}
	envelopes, dropped := h.out.take()
	if dropped > 0 {
		h.log.WarnContext(ctx, "other processes will find out about some changes only by looking", "dropped", dropped)
	}
	messages := make([]message, len(envelopes))
	for i, e := range envelopes {
		messages[i] = k.message(e.owner, e.hint)
	}
	if err := notify(ctx, conn, payloads(messages)...); err != nil {
		h.out.putBack(envelopes)
		return err
	}
	return nil
}

// notify sends payloads in one transaction.
func notify(ctx context.Context, conn *pgx.Conn, payloads ...string) error {
	if len(payloads) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	_, err := conn.Exec(ctx, `select pg_notify($1, payload) from unnest($2::text[]) payload`, channel, payloads)
	return err
}

// sharedKey returns the key that people are named by to other processes.
func (h *Hub) sharedKey(ctx context.Context) (*key, error) {
	h.mu.Lock()
	k := h.key
	h.mu.Unlock()
	if k != nil {
		return k, nil
	}
	shared, err := h.cfg.Key(ctx)
	if err != nil {
		return nil, err
	}
	if k, err = newKey(shared); err == nil {
		h.learn(k)
	}
	return k, err
}

// errDeaf is why nobody listens where notifications don't arrive.
var errDeaf = errors.New("notifications don't arrive")

// keepListening receives what other processes tell, as long as somebody has a stream and until ctx ends. Nobody's
// listening shall not keep a database awake that would otherwise be suspended.
func (h *Hub) keepListening(ctx context.Context) {
	proven, said := false, false
	wait := firstPause
	for {
		if h.Streams() == 0 {
			select {
			case <-ctx.Done():
				return
			case <-h.somebody:
				continue
			}
		}
		err := h.listen(ctx, &proven)
		if h.listening.Swap(false) {
			wait = firstPause
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil: // nobody to listen for
		case errors.Is(err, errDeaf):
			if !said {
				h.log.WarnContext(ctx, "event streams: notifications don't arrive over DATABASE_DIRECT_URL, as behind a pooler that "+
					"pools transactions; changes made by other processes are looked for every few seconds instead")
			}
			said = true
			pause(ctx, deafPause)
		default:
			h.log.InfoContext(ctx, "event streams: listening to other processes again soon", "error", err.Error())
			wait = pause(ctx, wait)
		}
	}
}

// listen receives what other processes tell over a connection of its own, until that is lost, or nobody has streams any
// more. Unless it is proven, it finds out first whether notifications arrive.
func (h *Hub) listen(ctx context.Context, proven *bool) error {
	if _, err := h.sharedKey(ctx); err != nil {
		return err
	}
	conn, err := connect(ctx, h.cfg.URL, "todod listen")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has served
	if *proven {
		err = execute(ctx, conn, "listen "+channel)
	} else {
		err = prove(ctx, h.cfg.URL, conn)
	}
	if err != nil {
		return err
	}
	*proven = true
	h.listening.Store(true)
	signal(h.poll) // for what was missed while nobody listened: only from here on it is heard
	for {
		err := h.receiveOne(ctx, conn, quietLimit)
		if pgconn.Timeout(err) && ctx.Err() == nil {
			if h.Streams() == 0 {
				return nil
			}
			err = execute(ctx, conn, "select")
		}
		if err != nil {
			return err
		}
	}
}

// execute carries out a statement without arguments or rows.
func execute(ctx context.Context, conn *pgx.Conn, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	_, err := conn.Exec(ctx, sql)
	return err
}

// receiveOne waits for one notification, for as long as limit, and passes on what it says. The error of a wait that was
// too long is a time-out (pgconn.Timeout).
func (h *Hub) receiveOne(ctx context.Context, conn *pgx.Conn, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	n, err := conn.WaitForNotification(ctx)
	if err != nil {
		return err
	}
	for _, m := range parsePayload(n.Payload) {
		h.receive(m)
	}
	return nil
}

// Arrive reports whether notifications arrive over connections to the database at url. They don't behind a pooler that
// pools transactions.
func Arrive(ctx context.Context, url string) (bool, error) {
	conn, err := connect(ctx, url, "todod listen")
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has served
	err = prove(ctx, url, conn)
	if errors.Is(err, errDeaf) {
		return false, nil
	}
	return err == nil, err
}

// prove begins to listen over conn, a connection to url, and returns errDeaf if a notification that another connection
// sends does not arrive. It doesn't begin where a connection isn't one to the same server process all the time: what
// listens then belongs to somebody else in the next moment, and stays behind in the pooler, which PgBouncer 1.18
// doesn't survive for long.
func prove(ctx context.Context, url string, conn *pgx.Conn) error {
	other, err := connect(ctx, url, "todod notify")
	if err != nil {
		return err
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	if err := twoSessions(ctx, conn, other); err != nil {
		return err
	}
	if err := execute(ctx, conn, "listen "+channel); err != nil {
		return err
	}
	sent := trial + rand.Text()
	if err := notify(ctx, other, sent); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	for {
		n, err := conn.WaitForNotification(limited)
		switch {
		case err == nil && n.Payload == sent:
			return nil
		case err == nil: // whoever is heard now looks afterwards
		case limited.Err() != nil && ctx.Err() == nil:
			return errDeaf
		default:
			return err
		}
	}
}

// twoSessions returns errDeaf if two connections don't lead to one server process each. A pooler that pools
// transactions gives both the same one, which the other has just given back, or each another one every time.
func twoSessions(ctx context.Context, one, two *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	processes := map[*pgx.Conn]int{}
	for _, conn := range []*pgx.Conn{one, one, one, two, two, one, two} {
		var process int
		if err := conn.QueryRow(ctx, "select pg_backend_pid()").Scan(&process); err != nil {
			return err
		}
		if was, known := processes[conn]; known && was != process {
			return errDeaf
		}
		processes[conn] = process
	}
	if processes[one] == processes[two] {
		return errDeaf
	}
	return nil
}
