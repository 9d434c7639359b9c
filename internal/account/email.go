package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"todod/internal/todo"
)

// The limits on what people say of themselves.
const (
	MaxEmail    = 254 // bytes (RFC 5321, as its erratum 1690 counts)
	MaxName     = 200 // code points
	MinPassword = 8   // code points
	MaxPassword = 128 // code points
)

// NormaliseEmail returns an e-mail address in the one spelling under which accounts are kept: trimmed, composed (NFC) and
// in lower case by Unicode's simple folding, so that two spellings that differ in case only are one address. Applying it
// again changes nothing. ok is false for what can't be an address: it must be text of up to MaxEmail bytes without white
// space, invisible characters and specials, with one @ that has something on both sides, and no empty label in its domain.
// Letters beyond ASCII are fine on both sides (RFC 6531).
func NormaliseEmail(s string) (email string, ok bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	email = norm.NFC.String(strings.ToLower(todo.Fold(norm.NFC.String(strings.TrimSpace(s)))))
	local, domain, found := strings.Cut(email, "@")
	ok = found && local != "" && validDomain(domain) && len(email) <= MaxEmail && !strings.ContainsFunc(email, invisible) &&
		!strings.ContainsAny(email, specials)
	if !ok {
		return "", false
	}
	return email, true
}

// specials are what an address has only in quotes, around it, or between several (RFC 5322, section 3.2.3).
const specials = `<>()[]\,;:"`

// validDomain reports whether domain is labels with dots in between.
func validDomain(domain string) bool {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.Contains(label, "@") {
			return false
		}
	}
	return true
}

// invisible reports whether r leaves nothing to see.
func invisible(r rune) bool { return !todo.Printable(r) }

// normaliseEmail returns email normalised, or the rule that it breaks.
func normaliseEmail(email string) (string, []todo.FieldError) {
	normalised, ok := NormaliseEmail(email)
	switch {
	case ok:
		return normalised, nil
	case strings.TrimSpace(email) == "":
		return "", []todo.FieldError{{Field: "email", Message: "must not be empty"}}
	}
	return "", []todo.FieldError{{
		Field: "email", Message: fmt.Sprintf("must be an e-mail address of at most %d bytes", MaxEmail),
	}}
}

// normaliseName returns name trimmed, or the rule that it breaks.
func normaliseName(name string) (string, []todo.FieldError) {
	fault := func(message string) (string, []todo.FieldError) {
		return "", []todo.FieldError{{Field: "name", Message: message}}
	}
	name = strings.TrimSpace(name)
	n := utf8.RuneCountInString(name)
	switch {
	case !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0:
		return fault("must be text without control characters")
	case n == 0:
		return fault("must not be empty")
	case n > MaxName:
		return fault(fmt.Sprintf("must be at most %d characters, got %d", MaxName, n))
	case !strings.ContainsFunc(name, todo.Printable):
		return fault("must have at least one printable character")
	}
	return name, nil
}

// checkPassword returns the rule that a new password in this field breaks. Its length is never told: it may go to a log.
func checkPassword(field, password string) []todo.FieldError {
	fault := func(message string) []todo.FieldError { return []todo.FieldError{{Field: field, Message: message}} }
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fault("must be UTF-8")
	case n < MinPassword:
		return fault(fmt.Sprintf("must be at least %d characters", MinPassword))
	case n > MaxPassword:
		return fault(fmt.Sprintf("must be at most %d characters", MaxPassword))
	}
	return nil
}

// Check returns everything that is at fault with r, nil for nothing.
func (r Registration) Check() error {
	_, err := r.normalise()
	return err
}

// normalise returns r as accounts are made of it, or an Error of code Invalid that names every rule it breaks.
func (r Registration) normalise() (Registration, error) {
	name, faults := normaliseName(r.Name)
	email, emailFaults := normaliseEmail(r.Email)
	faults = append(append(faults, emailFaults...), checkPassword("password", r.Password)...)
	return Registration{Name: name, Email: email, Password: r.Password}, todo.InvalidFields(faults...)
}
