package account

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"todod/internal/todo"
)

// user is a person as the service describes one, member by member as it came.
type user struct {
	ID        jsontext.Value `json:"id"`
	Email     jsontext.Value `json:"email"`
	Name      jsontext.Value `json:"name"`
	CreatedAt jsontext.Value `json:"createdAt"`
}

// person returns u as a Person, false if its id can't be one. The rest only decorates: what can't be read is left out, and
// a name that is too long is cut, so that it fits into a token.
func (u user) person() (Person, bool) {
	id := userID(u.ID)
	p := Person{ID: todo.UserID(id), Email: text(u.Email), Name: text(u.Name), CreatedAt: readTime(u.CreatedAt)}
	if len(p.Email) > MaxEmail {
		p.Email = ""
	}
	if utf8.RuneCountInString(p.Name) > MaxName {
		p.Name = string([]rune(p.Name)[:MaxName])
	}
	return p, todo.ValidID(id)
}

// text returns the string that v is, "" for anything else.
func text(v jsontext.Value) string {
	var s string
	_ = json.Unmarshal(v, &s) // "" then
	return s
}

// maxExact is the largest number that the service, a JavaScript program, can write without rounding it to another one.
const maxExact = 1<<53 - 1

// wholeNumber is the one way to write a whole number above zero.
var wholeNumber = regexp.MustCompile(`^[1-9]\d{0,15}$`)

// userID returns the id that v is: a string as it stands, or a whole number, as databases count; "" for anything else.
func userID(v jsontext.Value) string {
	if !wholeNumber.Match(v) {
		return text(v)
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err != nil || n > maxExact {
		return ""
	}
	return string(v)
}

// timeLayouts are the ways to write a time that a service or its database has, beyond RFC 3339. Without a zone it is UTC.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04", time.DateOnly}

// readTime returns the time that v is, in microseconds of UTC: text with T or a space, or a number of seconds or
// milliseconds since 1970. The zero time is for anything else, and for years that can't be written with four digits.
func readTime(v jsontext.Value) time.Time {
	at := numericTime(string(v))
	s := strings.Replace(strings.ToUpper(strings.TrimSpace(text(v))), " ", "T", 1)
	for _, layout := range timeLayouts {
		if parsed, err := time.Parse(layout, s); err == nil {
			at = parsed
			break
		}
	}
	if at = at.UTC().Truncate(time.Microsecond); at.Year() > 9999 || at.Year() < 1 {
		return time.Time{}
	}
	return at
}

// numericTime returns the time that a number is: milliseconds, as JavaScript counts, or seconds if it is too small for
// those. The zero time is for what is no number, and for numbers that no date of these days has.
func numericTime(s string) time.Time {
	n, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || n <= 0 || n >= 1e15:
		return time.Time{}
	case n < 1e11: // milliseconds would be before 1973
		n *= 1000
	}
	return time.UnixMilli(int64(n))
}
