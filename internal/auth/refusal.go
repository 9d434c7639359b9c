package auth

import "errors"

// ErrUnavailable means that a token could be neither accepted nor refused: its key is not known and the key server
// can't be reached. The caller may well hold a good token, so this is a 503 and not a 401.
var ErrUnavailable = errors.New("the key server can't be reached")

// Refusal says why a token was refused: for the log, never for the caller. It never contains any part of the token; the
// name of a member that this package knows is none.
type Refusal struct{ Reason string }

// Error returns the reason as a sentence.
func (r *Refusal) Error() string { return "token refused: " + r.Reason }

// refuse returns a *Refusal. Reasons are constants of this package and are never built from input, nor from the error
// of a library that saw input.
func refuse(reason string) error { return &Refusal{Reason: reason} }
