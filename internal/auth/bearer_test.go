package auth

import (
	"net/http"
	"testing"
)

func TestBearerTakesTheTokenOutOfTheHeader(t *testing.T) {
	for _, value := range []string{"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c"} {
		token, sent, err := Bearer(http.Header{"Authorization": {value}})
		if token != "a.b.c" || !sent || err != nil {
			t.Errorf("%q: got %q, %v, %v", value, token, sent, err)
		}
	}
}

func TestNoHeaderIsNotSent(t *testing.T) {
	token, sent, err := Bearer(http.Header{"Cookie": {"Bearer a.b.c"}})
	if token != "" || sent || err != nil {
		t.Errorf("got %q, %v, %v", token, sent, err)
	}
}

func TestBearerRefusesWhatIsNotOneBearerToken(t *testing.T) {
	const scheme, malformed = "scheme is not Bearer", "not Bearer, one space and one token"
	for name, test := range map[string]struct {
		values []string
		reason string
	}{
		"two headers":        {[]string{"Bearer a.b.c", "Bearer a.b.c"}, "more than one"},
		"two, one empty":     {[]string{"", "Bearer a.b.c"}, "more than one"},
		"empty":              {[]string{""}, scheme},
		"token only":         {[]string{"a.b.c"}, scheme},
		"basic":              {[]string{"Basic YWRhOnNlY3JldA=="}, scheme},
		"longer scheme":      {[]string{"Bearers a.b.c"}, scheme},
		"leading space":      {[]string{" Bearer a.b.c"}, scheme},
		"tab for a space":    {[]string{"Bearer\ta.b.c"}, scheme},
		"no space":           {[]string{"Bearera.b.c"}, scheme},
		"colon":              {[]string{"Bearer: a.b.c"}, scheme},
		"no token":           {[]string{"Bearer"}, malformed},
		"empty token":        {[]string{"Bearer "}, malformed},
		"two spaces":         {[]string{"Bearer  a.b.c"}, malformed},
		"two tokens":         {[]string{"Bearer a.b.c a.b.c"}, malformed},
		"two in one header":  {[]string{"Bearer a.b.c, Bearer a.b.c"}, malformed},
		"trailing space":     {[]string{"Bearer a.b.c "}, malformed},
		"tab in the token":   {[]string{"Bearer a.b\t.c"}, malformed},
		"parameters instead": {[]string{`Bearer token="a.b.c" realm="x"`}, malformed},
	} {
		t.Run(name, func(t *testing.T) {
			token, sent, err := Bearer(http.Header{"Authorization": test.values})
			wantRefusal(t, err, test.reason)
			if token != "" || !sent {
				t.Errorf("got %q, sent %v", token, sent)
			}
		})
	}
}
