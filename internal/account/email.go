package account

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
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

// NormaliseEmail returns an e-mail address in the one spelling under which accounts are kept: trimmed, what stands before
// the @ composed (NFC) and in lower case by Unicode's simple folding, and the domain as DNS has it: in lower case and, beyond
// ASCII, in punycode (IDNA 2008). So two spellings that differ in case only are one address. Applying it again changes
// nothing. ok is false for what can't be an address: it must be text of up to MaxEmail bytes without white space, invisible
// characters and specials, with one @ that has something on both sides, and no empty label in its domain. Letters beyond
// ASCII are fine on both sides (RFC 6531).
func NormaliseEmail(s string) (email string, ok bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	s = norm.NFC.String(strings.TrimSpace(s))
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || strings.ContainsFunc(s, invisible) || strings.ContainsAny(s, specials) {
		return "", false
	}
	domain, err := domains.ToASCII(domain)
	email = norm.NFC.String(lower(local)) + "@" + domain
	if err != nil || !validDomain(domain) || len(email) > MaxEmail {
		return "", false
	}
	return email, true
}

// domains makes a domain what DNS has of it. Which names DNS itself would have is not looked at: people write to _x and a--b.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false),
	idna.RemoveLeadingDots(false), idna.BidiRule())

// lower returns s in lower case by simple folding: texts that differ in case only are the same then, and no others. İ has
// no simple folding, and lower case makes it i, which it isn't: it is i with another dot, as full folding has it.
func lower(s string) string {
	return strings.ToLower(strings.ReplaceAll(todo.Fold(s), "İ", "i\u0307"))
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
