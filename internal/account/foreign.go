package account

import (

	"todod/internal/todo"
)

// NormaliseForeign returns an account of another system as it is stored here. It may lack a name. Its error is an Error of
// code Invalid that names every field at fault, the hash of the password included: one that nobody could sign in with.
func NormaliseForeign(a Account) (Account, error) {
	email, faults := normaliseEmail(a.Email)
	a.Email = email
	if a.Name != "" {
		name, nameFaults := normaliseName(a.Name)
		a.Name, faults = name, append(faults, nameFaults...)
	}
	if !KnownHash(a.PasswordHash) {
		faults = append(faults, todo.FieldError{Field: "password", Message: "must be a hash that todod can check: bcrypt, argon2id or Better Auth's scrypt"})
	}
	return a, todo.InvalidFields(faults...)
}

