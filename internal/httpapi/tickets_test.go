package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"todod/internal/auth"
	"todod/internal/httpapi"
	"todod/test/tododtest"
)

// TestATicketIsGoodAsLongAsTheSecretOfItsToken: also at another process on the same database, and so does the stream that
// it opens. Those of other tokens don't mind.
func TestATicketIsGoodAsLongAsTheSecretOfItsToken(t *testing.T) {
	t.Parallel()
	const issuer = "https://auth.example.com"
	older := []byte("a secret that was in use before, 32 bytes and more")
	added := []byte("a third secret that is only added, 32 bytes and more")
	for name, open := range everyStore {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys, store := newKeyServer(t), open(t)
			eddsa := keys.add(t, "k")
			serve := func(secrets ...[]byte) (*server, *auth.Verifier) {
				verifier, err := auth.New(auth.Config{Secrets: secrets, JWKSURL: keys.URL, Issuer: issuer, Audience: issuer})
				if err != nil {
					t.Fatal(err)
				}
				return newServer(t, store, func(cfg *httpapi.Config) { cfg.Verifier = verifier }), verifier
			}
			s, verifier := serve(secret, older)
			elsewhere, _ := serve(secret)
			bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
			claims := auth.Claims{Subject: "ada", IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)}
			old, err := auth.Mint(older, claims)
			if err != nil {
				t.Fatal(err)
			}
			gone, staying, asymmetric := bearer(old), bearer(mint(t, "ada")), bearer(eddsa("ada", issuer))
			refused := func(s *server, ticket string) {
				t.Helper()
				bad := s.as(t, "", "GET", "/api/v1/events?ticket=YWRh.x", "")
				a := s.as(t, "", "GET", "/api/v1/events?ticket="+ticket, "").want(t, http.StatusUnauthorized)
				for _, h := range []string{"WWW-Authenticate", "Content-Type", "Cache-Control"} {
					if a.header.Get(h) != bad.header.Get(h) {
						t.Errorf("%s %q, but that of a bad ticket is %q", h, a.header.Get(h), bad.header.Get(h))
					}
				}
				wantProblem(t, "a ticket of a removed secret", a, http.StatusUnauthorized, "INVALID_CREDENTIALS")
			}
			bought := func(s *server, headers ...http.Header) []string {
				t.Helper()
				tickets := make([]string, len(headers))
				for i, h := range headers {
					tickets[i] = s.ticket(t, h)
				}
				return tickets
			}

			// Where the secret is not in use, it isn't for tickets either; all others are good everywhere.
			tickets := bought(s, gone, staying, asymmetric)
			refused(elsewhere, tickets[0])
			for _, ticket := range tickets[1:] {
				elsewhere.listen(t, "", "?ticket="+ticket, nil).Close()
			}

			var ends *tododtest.Listener
			var stay []*tododtest.Listener
			for i, ticket := range bought(s, gone, staying, asymmetric) {
				l := s.listen(t, "", "?ticket="+ticket, nil)
				if i == 0 {
					ends = l
				} else {
					stay = append(stay, l)
				}
			}
			before := bought(s, gone, gone, staying, asymmetric)
			verifier.SetSecrets([][]byte{added, secret, older})
			stay = append(stay, s.listen(t, "", "?ticket="+before[3], nil)) // a change that removes nothing
			s.listen(t, "", "?ticket="+before[0], nil).Close()
			before[3] = s.ticket(t, asymmetric)

			verifier.SetSecrets([][]byte{added, secret})
			if e := wantEvent(t, ends, "expired", ""); e.Data != `{"reason":"secret_changed"}` {
				t.Errorf("data %s", e.Data)
			}
			wantEnd(t, ends)
			refused(s, before[1])
			stay = append(stay, s.listen(t, "", "?ticket="+before[2], nil), s.listen(t, "", "?ticket="+before[3], nil))
			s.create(t, "ada", `{"title":"after it"}`)
			for _, l := range stay {
				wantEvent(t, l, "created", "1")
			}
		})
	}
}
