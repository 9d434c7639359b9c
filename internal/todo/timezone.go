package todo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"todod/internal/recur"
)

// TaskRef names a task among those of all people.
type TaskRef struct {
	Owner UserID
	ID    int64
}

// TimeZone returns the IANA name of the time zone that by is in: UTC for one who hasn't said.
func (s *Service) TimeZone(ctx context.Context, by User) (string, error) {
	zone, err := s.store.TimeZone(ctx, by.ID)
	if zone == "" {
		zone = time.UTC.String()
	}
	return zone, err
}

// Location is TimeZone as a location.
func (s *Service) Location(ctx context.Context, by User) (*time.Location, error) {
	name, err := s.TimeZone(ctx, by)
	if err != nil {
		return nil, err
	}
	if zone, ok := recur.Zone(name); ok {
		return zone, nil
	}
	return time.UTC, nil // a name that the zone data of this machine don't have any more
}

// SetTimeZone sets the time zone that by is in to one of the IANA's.
func (s *Service) SetTimeZone(ctx context.Context, by User, name string) error {
	var faults []FieldError
	checkZone("time_zone", name, func(field, message string) { faults = append(faults, FieldError{field, message}) })
	if err := InvalidFields(faults...); err != nil {
		return err
	}
	if _, err := s.admit(ctx, by, nil); err != nil {
		return err
	}
	return s.store.SetTimeZone(ctx, by.ID, name, s.moment())
}

// followZones moves the tasks that are due at a wall time in a zone whose rules this process knows to be others than those that
// they got their dates by, and returns how many that were.
func (s *Service) followZones(ctx context.Context) (moved int, err error) {
	zones, err := s.store.ZonesInUse(ctx)
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, name := range slices.Sorted(maps.Keys(zones)) {
		zone, ok := recur.Zone(name)
		if !ok {
			continue
		}
		rules := rulesOf(zone)
		if rules == zones[name] {
			continue
		}
		n, err := s.followZone(ctx, name)
		moved += n
		if err == nil {
			err = s.store.RememberRules(ctx, name, rules)
		}
		failed = append(failed, err)
	}
	return moved, errors.Join(failed...)
}

// followZone does that for one zone. What can't be moved of one person doesn't keep the others waiting, unless the database is away.
func (s *Service) followZone(ctx context.Context, zone string) (moved int, err error) {
	var failed []error
	for after := (TaskRef{}); ; {
		tasks, err := s.store.InZone(ctx, zone, after, sweepRows)
		if err != nil || len(tasks) == 0 {
			return moved, errors.Join(append(failed, err)...)
		}
		for _, t := range tasks {
			changed, err := s.follow(ctx, t)
			switch code := CodeOf(err); {
			case changed && err == nil:
				moved++
			case err == nil, code == NotFound, code == Unauthenticated: // gone meanwhile, with all of its owner's or alone
			case code == Unavailable:
				return moved, errors.Join(append(failed, err)...)
			default:
				failed = append(failed, err)
			}
		}
		after = tasks[len(tasks)-1]
	}
}

// follow does that for one task.
func (s *Service) follow(ctx context.Context, ref TaskRef) (moved bool, err error) {
	state, err := s.store.State(ctx, ref.Owner)
	if err != nil {
		return false, err
	}
	by := User{ID: ref.Owner, AsOf: state.ErasedAt.Add(time.Microsecond)} // as emptyTrash has it
	_, err = s.changeTask(ctx, by, ref.ID, ReadSet{}, WriteOptions{}, func(b *builder, t Task) (Task, error) {
		after := t
		after.followZone(b.write.At)
		if moved = !after.Same(&t); !moved || t.Completed {
			return t, nil
		}
		return b.add(Updated, &t, &after), nil
	})
	return moved, err
}

// rulesOf returns a text that says by which rules a zone goes in rulesFrom and the years before rulesTo.
func rulesOf(zone *time.Location) string {
	h := sha256.New()
	end, was := time.Date(rulesTo, 1, 1, 0, 0, 0, 0, time.UTC), math.MaxInt
	for at := time.Date(rulesFrom, 1, 1, 0, 0, 0, 0, time.UTC); at.Before(end); {
		if offset := offsetOf(at.In(zone)); offset != was {
			_ = binary.Write(h, binary.BigEndian, [2]int64{at.Unix(), int64(offset)})
			was = offset
		}
		next := recur.Steady(at, zone)
		if next.IsZero() {
			break
		}
		at = next
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

// What rulesOf looks at: that what was due in the past was due at another time, nobody needs to know.
const (
	rulesFrom = 2026
	rulesTo   = 2076
)
