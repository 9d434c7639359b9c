package todo

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what kind of trouble an Error is. Whoever answers people maps each code to one answer.
type Code int

// The codes there are.
const (
	Invalid     Code = iota + 1 // what was asked breaks a rule; Fields say which
	NotFound                    // no such thing among the owner's
	Conflict                    // it can't be done as things stand now
	Forbidden                   // this caller may never do it
	Unavailable                 // something needed can't be had; the same request may work later

	Changed         // it is no longer as the caller requires it to be; Current says how it is
	KeyReused       // the key belongs to another request
	Outdated        // what the caller goes on from can't be gone on from; they have to start anew
	Unauthenticated // who calls can't be told from what they sent, or is no longer anybody
	Dependent       // it would have been done, had something else not failed
	Limited         // too often; the same request may work later
)

// Error is the one error of the domain. Message is for people and gives nothing away; Cause is for the log.
type Error struct {
	Code       Code
	Message    string
	Fields     []FieldError  // for Invalid: everything at fault, in the order of the rules
	RetryAfter time.Duration // when trying again makes sense; 0 says nothing
	Current    *Task         // for Changed: the task as it is
	// CurrentObject is the same for a list or label.
	CurrentObject *Object
	Cause         error
}

// FieldError is a rule that a field breaks. Field followed by Message reads as a sentence.
type FieldError struct {
	Field   string
	Message string
}

// Error returns the message and the cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf returns the code of the first Error in err's chain, 0 when there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// InvalidFields returns the Invalid error of all these fields, nil when there are none.
func InvalidFields(fields ...FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	sentences := make([]string, len(fields))
	for i, f := range fields {
		sentences[i] = f.Field + " " + f.Message
	}
	return &Error{Code: Invalid, Message: strings.Join(sentences, "; "), Fields: fields}
}

// NoTask is the one answer for a task that is not there and for a task of somebody else.
func NoTask() error { return &Error{Code: NotFound, Message: "Task not found"} }

// NoOperation says that no change was carried out with a key, or none that is still remembered.
func NoOperation() error { return &Error{Code: NotFound, Message: "Operation not found"} }

// QuotaReached says that the owner has as many tasks as they may.
func QuotaReached(quota int) error {
	return &Error{Code: Conflict, Message: fmt.Sprintf("You can have at most %d tasks", quota)}
}

// PreconditionFailed says that a task is at none of the versions that a change was to be made to.
func PreconditionFailed(current Task) error {
	return &Error{Code: Changed, Message: "The task has been changed since", Current: &current}
}

// IdempotencyKeyReused says that an idempotency key has been used for something else.
func IdempotencyKeyReused() error {
	return &Error{Code: KeyReused, Message: "This Idempotency-Key was used for a different request"}
}

// TokenRevoked says that the caller's account was erased after their token had been issued.
func TokenRevoked() error {
	return &Error{Code: Unauthenticated, Message: "Invalid or expired authentication token"}
}

// ServiceUnavailable says that something todod can't do without, such as the database, could not be had because of
// cause.
func ServiceUnavailable(cause error) error {
	return &Error{
		Code: Unavailable, Message: "The service is temporarily unavailable", RetryAfter: time.Second, Cause: cause,
	}
}
