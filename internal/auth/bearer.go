package auth

import (
	"net/http"
	"strings"
)

// Bearer takes the token out of a request's headers (RFC 6750 section 2.1). sent is false when there is no
// Authorization header at all, which is no error here. More than one header, another scheme, an empty or malformed value
// is a *Refusal with sent true. What comes back is one word; only Verify says whether it is a token.
func Bearer(h http.Header) (token string, sent bool, err error) {
	values := h.Values("Authorization")
	if len(values) == 0 {
		return "", false, nil
	}
	if len(values) > 1 {
		return "", true, refuse("more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", true, refuse("the Authorization scheme is not Bearer")
	}
	if token == "" || strings.ContainsAny(token, " \t") {
		return "", true, refuse("the Authorization header is not Bearer, one space and one token")
	}
	return token, true, nil
}
