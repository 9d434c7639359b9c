package todo

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// faults returns the fields that an error names, with what it says of them.
func faults(err error) []string {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Field+" "+f.Message)
	}
	return all
}

func TestTitles(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"x": "", " x ": "", strings.Repeat("é", 200): "", strings.Repeat("😀", 200): "", " " + strings.Repeat("a", 200) + "\n": "",
		strings.Repeat("a", 201):                 "title must be at most 200 characters, got 201",
		strings.Repeat("😀", 201):                 "title must be at most 200 characters, got 201",
		"":                                       "title must not be empty",
		" \t\r\n\u00a0\u3000\u2028\v":            "title must not be empty",
		"\u200b":                                 "title must have at least one printable character",
		"\u200b \u200e":                          "title must have at least one printable character",
		"\u3164\ufe0f\u115f\u1160\uffa0":         "title must have at least one printable character",
		"\u2800\u034f\u180b\U000e0100\U000e0fff": "title must have at least one printable character",
		"\x1b\x07":                               "title must have at least one printable character",
		"a\x00":                                  "title must be UTF-8 without NUL characters",
		"a\xff":                                  "title must be UTF-8 without NUL characters",
		"\u0301":                                 "", "\ue000": "", "\U0003fff0": "", "\ufffd": "",
	} {
		p, err := Patch{Title: Some(title)}.Normalise()
		if got := strings.Join(faults(err), "|"); got != want {
			t.Errorf("%q: got %q, want %q", title, got, want)
		}
		if err == nil && p.Title.V != strings.TrimSpace(title) {
			t.Errorf("%q became %q", title, p.Title.V)
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	for description, want := range map[string]string{
		"": "", " ": "", strings.Repeat("😀", 1000): "", "\u200b": "",
		strings.Repeat("a", 1001): "description must be at most 1000 characters, got 1001",
		"a\x00":                   "description must be UTF-8 without NUL characters",
		"\xc3":                    "description must be UTF-8 without NUL characters",
	} {
		p, err := Patch{Description: Some(description)}.Normalise()
		if got := strings.Join(faults(err), "|"); got != want {
			t.Errorf("%.20q: got %q, want %q", description, got, want)
		}
		if err == nil && p.Description.V != description {
			t.Errorf("%q became %q", description, p.Description.V)
		}
	}
}

func TestEveryFaultIsNamedInOrder(t *testing.T) {
	t.Parallel()
	_, err := Patch{
		Title: Null[string](), Description: Some("\x00"), Completed: Null[bool](), Priority: Null[Priority](), AllDay: Null[bool](),
	}.Normalise()
	want := []string{
		"title must not be null", "description must be UTF-8 without NUL characters", "completed must not be null",
		"priority must not be null", "due_all_day must not be null",
	}
	if got := faults(err); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := err.Error(); got != strings.Join(want, "; ") || CodeOf(err) != Invalid {
		t.Errorf("got %q, code %d", got, CodeOf(err))
	}
	_, err = Patch{Priority: Some(Priority(4))}.Normalise()
	if got := faults(err); !slices.Equal(got, []string{"priority must be low, medium or high"}) {
		t.Errorf("got %q", got)
	}
}

func TestNullsThatMeanSomething(t *testing.T) {
	t.Parallel()
	p, err := Patch{Description: Null[string](), Due: Null[Date]()}.Normalise()
	if err != nil || !p.Description.Null || !p.Due.Null {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestNormaliseOnce: what is normalised is normal, and a title that passes keeps the rules.
func TestNormaliseOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		title := rapid.String().Draw(t, "title")
		p, err := Patch{Title: Some(title)}.Normalise()
		if err != nil {
			return
		}
		again, err := p.Normalise()
		n := utf8.RuneCountInString(p.Title.V)
		if err != nil || again.Title != p.Title || n < 1 || n > MaxTitle || !strings.Contains(title, p.Title.V) {
			t.Fatalf("%q became %q, then %q, %v", title, p.Title.V, again.Title.V, err)
		}
	})
}

func TestApplyChangesOnlyWhatItNames(t *testing.T) {
	t.Parallel()
	then := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := then.Add(time.Hour)
	text := "text"
	task := Task{
		ID: 7, Owner: "ada", Version: 3, Title: "a", Description: &text, Priority: High, Due: &Date{At: then, AllDay: true},
		CreatedAt: then, UpdatedAt: then,
	}

	done := Patch{Completed: Some(true)}.Apply(task, now)
	again := Patch{Completed: Some(true)}.Apply(done, now.Add(time.Hour))
	open := Patch{Completed: Some(false)}.Apply(done, now.Add(time.Hour))

	if !done.Completed || !done.CompletedAt.Equal(now) || !done.UpdatedAt.Equal(now) || done.Title != "a" || done.Due != task.Due {
		t.Errorf("completed: %+v", done)
	}
	if !again.UpdatedAt.Equal(now) || !again.CompletedAt.Equal(now) {
		t.Errorf("completed twice: %+v", again)
	}
	if open.Completed || open.CompletedAt != nil || open.Same(&done) || !open.Same(&task) {
		t.Errorf("reopened: %+v", open)
	}
	if task.Completed || task.CompletedAt != nil {
		t.Error("Apply changed the task it was given")
	}
}

func TestFoldIgnoresCaseAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, other := rapid.String().Draw(t, "s"), rapid.String().Draw(t, "other")
		if (Fold(s) == Fold(other)) != strings.EqualFold(s, other) {
			t.Fatalf("Fold(%q) = %q, Fold(%q) = %q", s, Fold(s), other, Fold(other))
		}
		flipped := strings.Map(unicode.SimpleFold, s)
		if utf8.ValidString(s) && (Fold(flipped) != Fold(s) || Fold(Fold(s)) != Fold(s)) {
			t.Fatalf("Fold(%q) = %q, of %q it is %q", s, Fold(s), flipped, Fold(flipped))
		}
	})
}
