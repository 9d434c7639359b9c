package account

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"todod/internal/todo"
)

// signedToken is the header in which the bearer() plugin names a session that was started.
const signedToken = "Set-Auth-Token" //nolint:gosec // the name of one

// errMisused marks answers that only a setup which can't work gives: whoever runs the two services has to act.
var errMisused = errors.New("better auth can't be used like this")

// refusedCodes are the error codes of Better Auth (its version 1.7) that mean something to the person who signs in.
var refusedCodes = map[string]error{
	"INVALID_EMAIL_OR_PASSWORD": badCredentials(nil),

	"USER_ALREADY_EXISTS":                   EmailTaken(nil),
	"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL": EmailTaken(nil),

	"EMAIL_NOT_VERIFIED":              forbidden("Confirm your e-mail address first: follow the link in the e-mail that was sent to you"),
	"BANNED_USER":                     forbidden("This account is blocked"),
	"EMAIL_PASSWORD_SIGN_UP_DISABLED": forbidden("New accounts can't be made here"),
	"EMAIL_PASSWORD_DISABLED":         forbidden("Signing in with a password is turned off"),

	"INVALID_EMAIL":        todo.InvalidFields(todo.FieldError{Field: "email", Message: "must be an e-mail address"}),
	"INVALID_PASSWORD":     todo.InvalidFields(todo.FieldError{Field: "password", Message: "is not a good password"}),
	"PASSWORD_TOO_SHORT":   todo.InvalidFields(todo.FieldError{Field: "password", Message: "is too short"}),
	"PASSWORD_TOO_LONG":    todo.InvalidFields(todo.FieldError{Field: "password", Message: "is too long"}),
	"PASSWORD_COMPROMISED": todo.InvalidFields(todo.FieldError{Field: "password", Message: "is known to the world: choose another one"}),
}

// forbidden says, in message, what can't be done here or not yet.
func forbidden(message string) error {
	return &todo.Error{Code: todo.Forbidden, Message: message}
}

// misuseCodes are the error codes that tell of a setup that can't work: it takes this program for a browser.
var misuseCodes = []string{
	"MISSING_OR_NULL_ORIGIN", "INVALID_ORIGIN", "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED", "UNSUPPORTED_MEDIA_TYPE",
}

// complaint is the body of an answer that is none of success.
type complaint struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// refusal returns what an answer that is not 200 means, nil for one that is.
func (a answer) refusal() error {
	if a.status == http.StatusOK {
		return nil
	}
	var p complaint
	_ = json.Unmarshal(a.body, &p) // without a body there is no code, and the status has to do
	cause := fmt.Errorf("better auth answers %d %q", a.status, printable(p.Code))
	known, isKnown := refusedCodes[p.Code]
	switch {
	case a.status == http.StatusTooManyRequests:
		return &todo.Error{
			Code: todo.Limited, Message: "Too many attempts: wait a moment", RetryAfter: a.retryAfter(), Cause: cause,
		}
	case a.status >= http.StatusInternalServerError:
		return awayFor(time.Second, cause)
	case slices.Contains(misuseCodes, p.Code),
		a.status != http.StatusBadRequest && a.status != http.StatusUnauthorized && a.status != http.StatusForbidden &&
			a.status != http.StatusUnprocessableEntity:
		return awayFor(time.Minute, fmt.Errorf("%w: %w", errMisused, cause))
	case isKnown:
		return known
	case p.Code == "VALIDATION_ERROR":
		return todo.InvalidFields(invalidField(p.Message))
	case a.status == http.StatusBadRequest:
		return &todo.Error{Code: todo.Invalid, Message: saidOr(p.Message, "Better Auth refuses this"), Cause: cause}
	case a.status == http.StatusForbidden:
		return &todo.Error{Code: todo.Forbidden, Message: saidOr(p.Message, "Better Auth refuses this"), Cause: cause}
	case a.status == http.StatusUnauthorized:
		return badCredentials(cause)
	}
	return awayFor(time.Second, cause) // 422 also means that it failed to store something
}

// retryAfter returns how long the service wants to be left alone: a second at least, an hour at most.
func (a answer) retryAfter() time.Duration {
	for _, name := range []string{"X-Retry-After", "Retry-After"} {
		if seconds, err := strconv.Atoi(a.header.Get(name)); err == nil {
			return time.Duration(min(max(seconds, 1), 3600)) * time.Second
		}
	}
	return 10 * time.Second
}

// invalidField reads a message such as "[body.email] Invalid email address".
func invalidField(message string) todo.FieldError {
	if rest, ok := strings.CutPrefix(message, "[body."); ok {
		if field, _, ok := strings.Cut(rest, "]"); ok && slices.Contains([]string{"name", "email", "password"}, field) {
			if field == "email" {
				return todo.FieldError{Field: field, Message: "must be an e-mail address"}
			}
			return todo.FieldError{Field: field, Message: "is not accepted"}
		}
	}
	return todo.FieldError{Field: "body", Message: "is not accepted"}
}

// maxSaid is how much of a text of the service is repeated, in bytes.
const maxSaid = 200

// saidOr returns what the service says to people, such as a rule of its own that a new account breaks; fallback if it
// says nothing that could be shown.
func saidOr(message, fallback string) string {
	if message = printable(message); message == "" {
		return fallback
	}
	return message
}

// printable returns s if it is one short line, else "".
func printable(s string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if len(s) > maxSaid || !utf8.ValidString(s) || strings.ContainsFunc(s, control) {
		return ""
	}
	return s
}

// grant is what the service says to a sign-up or sign-in that it lets pass.
type grant struct {
	person Person
	token  string // of a session, signed; "" for none yet
}

// granted reads the answer to a sign-up or sign-in. Without a token the person, who may be made up to hide that the
// address is taken, has to do something first. A second factor that is wanted is Forbidden.
func (a answer) granted() (grant, error) {
	if err := a.refusal(); err != nil {
		return grant{}, err
	}
	var body struct {
		Token        *string `json:"token"`
		User         user    `json:"user"`
		SecondFactor bool    `json:"twoFactorRedirect"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return grant{}, awayFor(time.Minute, fmt.Errorf("%w: its answer can't be read", errMisused))
	}
	if body.SecondFactor { // with a token in the header, of a session that has ended already
		return grant{}, forbidden("This account has a second factor: sign in at Better Auth itself")
	}
	person, ok := body.User.person()
	if !ok {
		return grant{}, errNobody()
	}
	if body.Token == nil || *body.Token == "" {
		return grant{person: person}, nil
	}
	token := a.header.Get(signedToken)
	if token == "" {
		// Without the plugin it ignores bearer tokens, and says of every session that it has ended.
		return grant{}, awayFor(time.Minute, fmt.Errorf("%w: it lacks the bearer() plugin", errMisused))
	}
	return grant{person: person, token: token}, nil
}

// session reads the answer to a question for a session: whose it is, false if it has ended.
func (a answer) session() (Person, bool, error) {
	if a.status == http.StatusUnauthorized {
		return Person{}, false, nil // a way to say it that it doesn't use by itself
	}
	if err := a.refusal(); err != nil {
		return Person{}, false, err
	}
	var body *struct {
		User user `json:"user"`
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		return Person{}, false, awayFor(time.Minute, fmt.Errorf("%w: its answer can't be read", errMisused))
	}
	if body == nil {
		return Person{}, false, nil
	}
	person, ok := body.User.person()
	if !ok { // which is no answer: the session may well live
		return Person{}, false, errNobody()
	}
	return person, true, nil
}

// errNobody returns what an answer means that should name a user and doesn't.
func errNobody() error {
	return awayFor(time.Minute, fmt.Errorf("%w: its answer names no user whose id is 1 to %d bytes of text, or a whole number",
		errMisused, todo.MaxID))
}
