//go:build heavy

package betterauth

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"todod/internal/betterauthtest"
	"todod/test/tododtest"
)

// jose is a name whose token a browser can't read unless it is escaped.
const jose = "José Müller ~?>"

// A browser is a frontend at work: it keeps the tokens that it gets and knows nothing of who carries out the sign-in.
type browser struct {
	t       *testing.T
	todod   *tododtest.Process
	address string // where it says it is: todod trusts it as a proxy

	token, refreshToken string
}

// session is what todod answers to whom it lets in.
type session struct {
	User struct {
		ID, Email, Name, CreatedAt string
	}
	Token, RefreshToken *string
	Message             string
}

// ask sends a request with the token that it has, stale or not, as frontends do.
func (b *browser) ask(method, path string, body any) answer {
	b.t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		content = strings.NewReader(string(encoded))
	}
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.todod.URL+path, content)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", "https://app.example.com")
	req.Header.Set("User-Agent", "a browser")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	if b.address != "" {
		req.Header.Set("X-Forwarded-For", b.address)
	}
	resp, err := http.DefaultTransport.RoundTrip(req) // a redirect is a failure
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

// want is ask with an answer of this status, which it returns.
func (b *browser) want(status int, method, path string, body any) answer {
	b.t.Helper()
	a := b.ask(method, path, body)
	if a.status != status {
		b.t.Fatalf("%s %s: %d %s, want %d\n%s", method, path, a.status, a.body, status, b.todod.Out)
	}
	if a.header.Get("Access-Control-Allow-Origin") == "" {
		b.t.Errorf("%s %s: a page can't read the %d", method, path, a.status)
	}
	if a.status >= http.StatusBadRequest {
		var problem struct{ Detail, Message string }
		decode(b.t, a.body, &problem)
		if problem.Message == "" || problem.Message != problem.Detail {
			b.t.Errorf("%s %s: %s", method, path, a.body)
		}
	}
	if strings.Contains(path, "auth") && a.header.Get("Cache-Control") != "no-store" {
		b.t.Errorf("%s %s: Cache-Control %q", method, path, a.header.Get("Cache-Control"))
	}
	return a
}

// enter registers or signs in and keeps the tokens.
func (b *browser) enter(status int, path string, body map[string]string) session {
	b.t.Helper()
	var s session
	decode(b.t, b.want(status, http.MethodPost, path, body).body, &s)
	if s.Token == nil || s.RefreshToken == nil {
		b.t.Fatalf("%s: no tokens", path)
	}
	b.token, b.refreshToken = *s.Token, *s.RefreshToken
	return s
}

// register makes an account.
func (b *browser) register(name, email string) session {
	b.t.Helper()
	return b.enter(http.StatusCreated, "/api/auth/register",
		map[string]string{"name": name, "email": email, "password": betterauthtest.Password})
}

// login signs in.
func (b *browser) login(email string) session {
	b.t.Helper()
	return b.enter(http.StatusOK, "/api/auth/login", credentials(email))
}

// credentials are what a person with this address signs in with.
func credentials(email string) map[string]string {
	return map[string]string{"email": email, "password": betterauthtest.Password}
}

// refresh gets a new access token.
func (b *browser) refresh() {
	b.t.Helper()
	var s struct{ Token, RefreshToken string }
	decode(b.t, b.want(http.StatusOK, http.MethodPost, "/api/auth/refresh", b.refreshBody()).body, &s)
	b.token, b.refreshToken = s.Token, s.RefreshToken
}

// refreshBody is what a refresh sends.
func (b *browser) refreshBody() map[string]string {
	return map[string]string{"refresh_token": b.refreshToken}
}

// claims returns what the page reads in its token, the way it does: with atob.
func (b *browser) claims() map[string]any {
	b.t.Helper()
	const script = `const part = process.argv[1].split(".")[1]; process.stdout.write(JSON.stringify(JSON.parse(atob(part))))`
	out, err := exec.CommandContext(b.t.Context(), "node", "-e", script, b.token).Output()
	if err != nil {
		b.t.Fatalf("atob: %v", err)
	}
	var claims map[string]any
	decode(b.t, string(out), &claims)
	return claims
}

// says waits until the log of todod has a text, and wants it so many times.
func (b *browser) says(text string, times int) {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(b.todod.Out.String(), text) != times; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("the log does not have %q %d times:\n%s", text, times, b.todod.Out)
		}
	}
}

// open returns a browser at a todod behind an instance, with further settings.
func open(t *testing.T, instance *betterauthtest.Instance, env ...string) *browser {
	t.Helper()
	return &browser{t: t, todod: serve(t, instance, append(env, "TRUSTED_PROXIES=127.0.0.0/8")...), address: "203.0.113.9"}
}

// TestOneFrontendForBothProviders: the same frontend, and it can't tell who carries out the sign-in.
func TestOneFrontendForBothProviders(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "bearer")
	for name, todod := range map[string]*tododtest.Process{
		"local":              tododtest.Start(t, t.TempDir(), "TRUSTED_PROXIES=127.0.0.0/8"),
		"better-auth":        serve(t, instance),
		"rotating":           serve(t, instance, "AUTH_REFRESH_ROTATION=true"),
		"iss, aud and local": tododtest.Start(t, t.TempDir(), "AUTH_ISSUER=https://i", "AUTH_AUDIENCE=https://a", "AUTH_REQUIRE_ISS_AUD=true"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &browser{t: t, todod: todod, token: "stale.token."}
			email := address("jose")
			made := b.register(jose, " "+strings.ToUpper(email))
			claims := b.claims()
			if claims["sub"] != made.User.ID || claims["name"] != jose || claims["email"] != email || made.User.Email != email ||
				made.User.Name != jose || claims["sid"] == "" || claims["exp"].(float64)-claims["iat"].(float64) != 900 {
				t.Errorf("made %+v, claims %v", made, claims)
			}
			if at, err := time.Parse("2006-01-02T15:04:05.000000Z", made.User.CreatedAt); err != nil || time.Since(at).Abs() > time.Hour {
				t.Errorf("made at %q", made.User.CreatedAt)
			}
			b.want(http.StatusCreated, http.MethodPost, "/api/todos", map[string]string{"title": "Buy milk"})
			b.want(http.StatusConflict, http.MethodPost, "/auth/register/",
				map[string]string{"name": "x", "email": email, "password": "another password"})

			b.token = "stale.token."
			wrong := b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login/", map[string]string{"email": email, "password": "wrong"})
			nobody := b.want(http.StatusUnauthorized, http.MethodPost, "/auth/login", credentials(address("nobody")))
			if a, b := withoutPassing(t, wrong), withoutPassing(t, nobody); a != b || !strings.Contains(a, "Invalid email or password") {
				t.Errorf("wrong %s\nnobody %s", a, b)
			}
			again := b.login(email)
			if again.User != made.User {
				t.Errorf("made %+v, then %+v", made.User, again.User)
			}
			first := b.token
			b.refresh()
			if list := b.want(http.StatusOK, http.MethodGet, "/todos/", nil); !strings.Contains(list.body, `"total":1`) {
				t.Errorf("got %s", list.body)
			}
			if claims := b.claims(); claims["name"] != jose || claims["sub"] != made.User.ID {
				t.Errorf("after the refresh: %v", claims)
			}
			b.token = first // good for a quarter of an hour, and names the session
			b.want(http.StatusOK, http.MethodPost, "/api/auth/logout", nil)
			b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", b.refreshBody())
			b.want(http.StatusOK, http.MethodPost, "/api/auth/logout", nil)

			b.want(http.StatusBadRequest, http.MethodPost, "/api/auth/register", map[string]string{"name": "x", "email": address("x"), "password": "short"})
			b.want(http.StatusBadRequest, http.MethodPost, "/api/auth/register", map[string]string{"name": "x", "email": "no address", "password": "long enough"})
		})
	}
}

// withoutPassing returns a problem without what differs between two equal ones.
func withoutPassing(t *testing.T, a answer) string {
	t.Helper()
	var problem map[string]any
	decode(t, a.body, &problem)
	delete(problem, "timestamp")
	delete(problem, "request_id")
	text, err := json.Marshal(problem)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestAnAccountIsOneOfBetterAuth: who registers at todod has an account there, and a session that tells where they are;
// tokens of either are the same user's.
func TestAnAccountIsOneOfBetterAuth(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "bearer")
	b := open(t, instance)
	email := address("ada")
	made := b.register("Ada", email)
	state := instance.State(t)
	if len(state.Users) != 1 || state.Users[0].ID != made.User.ID || state.Users[0].Email != email {
		t.Errorf("made %+v, there are %+v", made.User, state.Users)
	}
	if s := state.Sessions; len(s) != 1 || s[0].IPAddress != "203.0.113.9" || s[0].UserAgent != "a browser" || s[0].UserID != made.User.ID {
		t.Errorf("sessions %+v", s)
	}
	canWork(t, b.todod, b.token, made.User.ID)
	user := instance.SignIn(t, email)
	canWork(t, b.todod, must(t, user.JWT), made.User.ID)

	before := len(instance.State(t).Sessions)
	b.want(http.StatusOK, http.MethodPost, "/api/auth/logout", nil)
	after := instance.State(t).Sessions
	if len(after) != before-1 || after[0].Token != user.SessionToken {
		t.Errorf("%d sessions, then %+v", before, after)
	}
	b.token = ""
	b.login(email)
	b.token = ""
	b.want(http.StatusOK, http.MethodPost, "/api/auth/logout", b.refreshBody())
	if after := instance.State(t).Sessions; len(after) != before-1 {
		t.Errorf("sessions %+v", after)
	}
	b.says("auth.signed_out", 2)
	if out := b.todod.Out.String(); strings.Contains(out, email) || strings.Contains(out, betterauthtest.Password) || strings.Contains(out, user.SessionToken) {
		t.Errorf("the log tells too much:\n%s", out)
	}
}

// TestASessionThatEndsThereEndsHere, and one that goes on follows what has changed there.
func TestASessionThatEndsThereEndsHere(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "bearer")
	b := open(t, instance)
	email := address("ada")
	b.register("Ada", email)
	rename(t, instance, email, "Ada Lovelace")
	b.refresh()
	if claims := b.claims(); claims["name"] != "Ada Lovelace" {
		t.Errorf("claims %v", claims)
	}
	instance.EndSessions(t)
	b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", b.refreshBody())
	b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", b.refreshBody())
	b.login(email)
	b.refresh()
}

// rename changes a user's name at an instance.
func rename(t *testing.T, instance *betterauthtest.Instance, email, name string) {
	t.Helper()
	user := instance.SignIn(t, email)
	body := strings.NewReader(`{"name":"` + name + `"}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, instance.URL+"/api/auth/update-user", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+user.SessionToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("rename: %s", resp.Status)
	}
}

// TestAnAddressThatMustBeVerifiedFirst: registering says so and tells nobody whether the address is taken.
func TestAnAddressThatMustBeVerifiedFirst(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "verified")
	b := open(t, instance)
	email := address("ada")
	for range 2 {
		var s session
		decode(t, b.want(http.StatusAccepted, http.MethodPost, "/api/auth/register",
			map[string]string{"name": "Ada", "email": email, "password": betterauthtest.Password}).body, &s)
		if s.Token != nil || s.RefreshToken != nil || s.Message == "" || s.User.Email != email {
			t.Errorf("got %+v", s)
		}
	}
	if a := b.want(http.StatusForbidden, http.MethodPost, "/api/auth/login", credentials(email)); !strings.Contains(a.body, "Confirm your e-mail address") {
		t.Errorf("got %s", a.body)
	}
	instance.Verify(t, instance.State(t).Mails[0])
	b.login(email)
	b.refresh()
}

// TestASecondFactorIsNotPassedOver: todod can't ask for it and says so.
func TestASecondFactorIsNotPassedOver(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "twofactor")
	b := open(t, instance)
	email := address("ada")
	b.register("Ada", email)
	user := instance.SignIn(t, email)
	body := strings.NewReader(`{"password":"` + betterauthtest.Password + `"}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, instance.URL+"/api/auth/two-factor/enable", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+user.SessionToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("enable: %s", resp.Status)
	}
	if a := b.want(http.StatusForbidden, http.MethodPost, "/api/auth/login", credentials(email)); !strings.Contains(a.body, "second factor") {
		t.Errorf("got %s", a.body)
	}
}

// TestBetterAuthAway: signing in and refreshing wait for nobody, what has tokens works on, and signing out ends the
// session here all the same.
func TestBetterAuthAway(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "bearer")
	b := open(t, instance)
	email := address("ada")
	made := b.register("Ada", email)
	instance.Stop(t)
	for range 5 { // the last of them while the breaker is open
		if a := b.want(http.StatusServiceUnavailable, http.MethodPost, "/api/auth/login", credentials(email)); a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	b.want(http.StatusServiceUnavailable, http.MethodPost, "/api/auth/refresh", b.refreshBody())
	b.says("Better Auth is away", 1)
	canWork(t, b.todod, b.token, made.User.ID)

	instance.Resume(t)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if b.ask(http.MethodPost, "/api/auth/login", credentials(email)).status == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("it doesn't come back\n%s", b.todod.Out)
		}
	}
	b.refresh() // the session has outlived it

	instance.Stop(t)
	b.want(http.StatusOK, http.MethodPost, "/api/auth/logout", nil)
	instance.Resume(t)
	b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", b.refreshBody())
}

// TestBetterAuthsLimitsSeeThePerson: its three sign-ins in ten seconds are each machine's own.
func TestBetterAuthsLimitsSeeThePerson(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "limited")
	b := open(t, instance)
	wrong := credentials(address("nobody"))
	for range 3 {
		b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", wrong)
	}
	if a := b.want(http.StatusTooManyRequests, http.MethodPost, "/api/auth/login", wrong); a.header.Get("Retry-After") == "" {
		t.Errorf("headers %v", a.header)
	}
	b.address = "2001:db8::1"
	b.want(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", wrong)
}

// TestABetterAuthWithoutItsPlugin can't be used, and it says so instead of signing people out after a quarter of an hour.
func TestABetterAuthWithoutItsPlugin(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "default")
	b := open(t, instance)
	b.want(http.StatusServiceUnavailable, http.MethodPost, "/api/auth/register",
		map[string]string{"name": "Ada", "email": address("ada"), "password": betterauthtest.Password})
	b.says("Better Auth is not set up as todod needs it", 1)
}

// TestATododThatCannotMint: tokens of Better Auth are good, and who wants to sign in is told where.
func TestATododThatCannotMint(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "bearer")
	b := open(t, instance, "AUTH_ALLOWED_ALGS=EdDSA")
	for path, body := range map[string]any{
		"register": map[string]string{"name": "x", "email": address("x"), "password": "long enough"},
		"login":    credentials(address("x")), "refresh": map[string]string{"refreshToken": "x"}, "logout": map[string]string{"refreshToken": "x"},
	} {
		if a := b.want(http.StatusForbidden, http.MethodPost, "/api/auth/"+path, body); !strings.Contains(a.body, instance.URL) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	user := instance.SignUp(t, address("ada"))
	canWork(t, b.todod, must(t, user.JWT), user.ID)
	b.says("nobody can sign in here", 1)
}

// TestPasswordsAreChangedInBetterAuth: here they aren't.
func TestPasswordsAreChangedInBetterAuth(t *testing.T) {
	t.Parallel()
	b := open(t, betterauthtest.Start(t).Instance(t, "bearer"))
	b.register("Ada", address("ada"))
	b.want(http.StatusForbidden, http.MethodPost, "/api/auth/change-password",
		map[string]string{"currentPassword": betterauthtest.Password, "newPassword": "another password"})
	if a := b.ask(http.MethodPatch, "/api/v1/me", map[string]string{"name": "Eve"}); a.status != http.StatusForbidden {
		t.Errorf("%d %s", a.status, a.body)
	}
}
