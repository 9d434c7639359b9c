package account

import (
	"strings"

	"todod/internal/todo"
)

// NormaliseForeign returns an account of another system as it is stored here. One without a name is called what stands
// before the @ of its address. The error is an Error of code Invalid that names every field at fault, the hash of the
// password included: nobody could sign in with one that isn't known.
func NormaliseForeign(a Account) (Account, error) {
	email, faults := normaliseEmail(a.Email)
	a.Email = email
	if a.Name == "" {
		a.Name, _, _ = strings.Cut(email, "@")
	}
	if email != "" || a.Name != "" {
		name, nameFaults := normaliseName(a.Name)
		a.Name, faults = name, append(faults, nameFaults...)
	}
	if !KnownHash(a.PasswordHash) {
		faults = append(faults, todo.FieldError{
			Field: "password", Message: "must be hashed with bcrypt, argon2id or Better Auth's scrypt",
		})
	}
	return a, todo.InvalidFields(faults...)
}
