package account

import (
	"slices"

	"todod/internal/todo"
)

// wrongCredentials is the one answer to an address that nobody has and to a password that is not theirs.
func wrongCredentials() error {
	return &todo.Error{Code: todo.Unauthenticated, Message: "Invalid email or password"}
}

// forbidden says, in message, what can't be done here or not yet.
func forbidden(message string) error {
	return &todo.Error{Code: todo.Forbidden, Message: message}
}

// normalise returns r as accounts are made of it, or an Error of code Invalid that names every rule it breaks.
func (r Registration) normalise() (Registration, error) {
	name, nameFaults := normaliseName(r.Name)
	email, emailFaults := normaliseEmail(r.Email)
	faults := slices.Concat(nameFaults, emailFaults, checkPassword("password", r.Password))
	return Registration{Name: name, Email: email, Password: r.Password}, todo.InvalidFields(faults...)
}
