package account

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"todod/internal/todo"
)

// answered returns what comes of an answer to a sign-in, and to the question whose a session is, that describes this user.
func answered(user string) (signedIn Person, signInErr error, asked Person, askedErr error) {
	header := http.Header{signedToken: {"t.s"}}
	granted, signInErr := answer{200, header, []byte(`{"redirect":false,"token":"t","user":` + user + `,"url":null}`)}.granted()
	asked, alive, askedErr := answer{200, nil, []byte(`{"session":{"id":1,"x":[]},"user":` + user + `,"extra":{"a":1}}`)}.session()
	if askedErr == nil && !alive {
		askedErr = fmt.Errorf("the session has ended")
	}
	return granted.person, signInErr, asked, askedErr
}

// TestWhatOnlyDecoratesRefusesNobody: whatever is wrong with it, who it is counts.
func TestWhatOnlyDecoratesRefusesNobody(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	never := time.Time{}
	for createdAt, want := range map[string]time.Time{
		`"2026-11-22T12:00:00.000Z"`: noon, `"2026-11-22T13:00:00+01:00"`: noon, `"2026-11-22 12:00:00"`: noon,
		`"2026-11-22 12:00:00.000"`: noon, `"2026-11-22 12:00:00+00"`: noon, `"2026-11-22 13:00:00.000000+0100"`: noon, `"2026-11-22T12:00:00"`: noon,
		`"2026-11-22T12:00"`: noon, `"2026-11-22"`: noon.Add(-12 * time.Hour), `1795348800000`: noon, `1795348800`: noon, `1795348800000.0`: noon,
		`""`: never, `" "`: never, `null`: never, `"soon"`: never, `{}`: never, `[]`: never, `true`: never, `0`: never, `-1`: never, `1e300`: never,
		`"10000-01-01"`: never, `999999999999999`: never, `"2026-13-45T99:00:00Z"`: never,
	} {
		signedIn, err, asked, askedErr := answered(`{"id":"u1","email":"e","name":"n","createdAt":` + createdAt + `}`)
		p := Person{ID: "u1", Email: "e", Name: "n", CreatedAt: want}
		if err != nil || askedErr != nil || signedIn != p || asked != p {
			t.Errorf("%s: %+v, %v; %+v, %v; want %s", createdAt, signedIn, err, asked, askedErr, want)
		}
	}
	long := strings.Repeat("é", 3*MaxName)
	for user, want := range map[string]Person{
		`{"id":"u1"}`: {ID: "u1"},
		`{"id":"u1","email":null,"name":null,"createdAt":null,"image":null}`:             {ID: "u1"},
		`{"id":"u1","email":7,"name":["Ada"],"emailVerified":"yes","role":{"a":[1,{}]}}`: {ID: "u1"},
		`{"id":"u1","email":"` + strings.Repeat("e", 300) + `@x","name":"` + long + `"}`: {ID: "u1", Name: long[:2*MaxName]},
		`{"id":42,"name":"n"}`:                      {ID: "42", Name: "n"},
		`{"id":"42"}`:                               {ID: "42"},
		`{"id":9007199254740991}`:                   {ID: "9007199254740991"},
		`{"id":"` + strings.Repeat("x", 255) + `"}`: {ID: todo.UserID(strings.Repeat("x", 255))},
	} {
		signedIn, err, asked, askedErr := answered(user)
		if err != nil || askedErr != nil || signedIn != want || asked != want {
			t.Errorf("%s: %+v, %v; %+v, %v", user, signedIn, err, asked, askedErr)
		}
	}
}

// TestWhatIdentifiesIsReadStrictly: an id that can't be one lets nobody in, and is the service's fault, not a failure here.
func TestWhatIdentifiesIsReadStrictly(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		`""`, `null`, `0`, `-1`, `1.0`, `1.5`, `1e3`, `9007199254740992`, `123456789012345678901234567890`, `true`, `{}`, `[]`, `["u1"]`, `{"id":"u1"}`,
		`"` + strings.Repeat("x", 256) + `"`, `"` + strings.Repeat("x", 300) + `"`, `"a\u0000b"`, `"\u0000"`, `"\ud800"`,
	} {
		_, err, _, askedErr := answered(`{"id":` + id + `,"email":"e","name":"n"}`)
		if todo.CodeOf(err) != todo.Unavailable || todo.CodeOf(askedErr) != todo.Unavailable {
			t.Errorf("%s: %v; %v", id, err, askedErr)
		}
	}
	for _, user := range []string{`{}`, `null`, `"u1"`, `[]`, `{"ID":"u1"}`, `{"id":"u1","id":"u2"}`} {
		_, err, _, askedErr := answered(user)
		if todo.CodeOf(err) != todo.Unavailable || todo.CodeOf(askedErr) != todo.Unavailable {
			t.Errorf("%s: %v; %v", user, err, askedErr)
		}
	}
}
