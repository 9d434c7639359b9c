package todo

import (
	"encoding/base64"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// testSigner returns a signer with this secret.
func testSigner(t testing.TB, secret byte) *signer {
	t.Helper()
	s, err := newSigner(append(make([]byte, 31), secret))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSignedTextsOpenAsTheyWere, and for nobody and nothing else.
func TestSignedTextsOpenAsTheyWere(t *testing.T) {
	t.Parallel()
	s, other := testSigner(t, 1), testSigner(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		owner, bound := UserID(rapid.String().Draw(t, "owner")), rapid.String().Draw(t, "bound")
		p := rapid.SampledFrom([]purpose{forCursor, forSync}).Draw(t, "purpose")
		v := syncCursor{
			Epoch: rapid.Int64().Draw(t, "epoch"), Rev: Rev(rapid.Int64().Draw(t, "rev")), Task: rapid.Int64().Draw(t, "task"),
		}
		text, err := s.sign(p, owner, bound, v)
		if err != nil {
			t.Fatal(err)
		}
		var got syncCursor
		if !s.open(text, p, owner, bound, &got) || got != v {
			t.Fatalf("%+v became %+v", v, got)
		}
		// What stands side by side in what is signed can't be shifted from one place to the other.
		both := string(owner) + bound
		cut := rapid.IntRange(0, len(both)).Draw(t, "cut")
		for name, opened := range map[string]bool{
			"another secret":  other.open(text, p, owner, bound, &got),
			"another purpose": s.open(text, map[purpose]purpose{forCursor: forSync, forSync: forCursor}[p], owner, bound, &got),
			"another owner":   s.open(text, p, owner+"x", bound, &got),
			"another bound":   s.open(text, p, owner, bound+"x", &got),
			"shifted":         cut != len(owner) && s.open(text, p, UserID(both[:cut]), both[cut:], &got),
		} {
			if opened {
				t.Fatalf("it opens with %s", name)
			}
		}
		i := rapid.IntRange(0, len(text)-1).Draw(t, "character")
		tampered := []byte(text)
		if tampered[i] = rapid.SampledFrom([]byte("ABgw019_-\n\r =+/")).Draw(t, "instead"); string(tampered) != text &&
			s.open(string(tampered), p, owner, bound, &got) {
			t.Fatalf("%q opens, and so does %q", text, tampered)
		}
	})
}

// FuzzOpen: what opens is exactly what was signed, so nobody can make up a cursor or a sync token.
func FuzzOpen(f *testing.F) {
	s := testSigner(f, 1)
	good, err := s.sign(forSync, "ada", "", syncCursor{Epoch: 7, Rev: 3})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{good, good + "\n", "\r" + good, good + "=", good[:len(good)-1], "", "AAAA", "é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var at syncCursor
		if opened := s.open(text, forSync, "ada", "", &at); opened != (text == good) {
			t.Errorf("%q: opened %v", text, opened)
		}
		// Signed by itself, whatever it is, it may say what it likes and must not upset what reads it.
		payload := []byte(text)
		signed := base64.RawURLEncoding.EncodeToString(append(s.signature(forCursor, "ada", "", payload), payload...))
		var p keyset
		if s.open(signed, forCursor, "ada", "", &p) {
			p.task()
		}
	})
}

// TestAPlaceIsWhereTheTaskStands: what a cursor says sorts like the task it was made of.
func TestAPlaceIsWhereTheTaskStands(t *testing.T) {
	t.Parallel()
	signer := testSigner(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999)
		at := func(name string) *int64 { us := instant.Draw(t, name); return &us }
		task := Task{
			ID: rapid.Int64Min(1).Draw(t, "id"), Title: rapid.String().Draw(t, "title"), Completed: rapid.Bool().Draw(t, "completed"),
			Priority:  Priority(rapid.Int16Range(1, 3).Draw(t, "priority")),
			CreatedAt: *fromMicros(at("created")), UpdatedAt: *fromMicros(at("updated")),
		}
		if rapid.Bool().Draw(t, "has a due date") {
			task.Due = &Date{At: *fromMicros(at("due"))}
		}
		if rapid.Bool().Draw(t, "in the trash") {
			task.DeletedAt = fromMicros(at("deleted"))
		}
		var order []Order
		for _, k := range append(slices.Clone(Keys[:]), ByDeleted) {
			order = append(order, Order{By: k})
		}
		text, err := signer.sign(forCursor, "ada", "q", keysetOf(task, order))
		if err != nil {
			t.Fatal(err)
		}
		var p keyset
		if !signer.open(text, forCursor, "ada", "q", &p) {
			t.Fatal("it doesn't open")
		}
		got := p.task()
		if got.ID != task.ID || !got.Same(&task) || !got.CreatedAt.Equal(task.CreatedAt) || !got.UpdatedAt.Equal(task.UpdatedAt) ||
			(got.DeletedAt == nil) != (task.DeletedAt == nil) || got.DeletedAt != nil && !got.DeletedAt.Equal(*task.DeletedAt) {
			t.Fatalf("%+v stands where %+v does", got, task)
		}
	})
}
