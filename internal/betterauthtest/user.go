package betterauthtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Password is every user's.
const Password = "correct horse battery"

// A User has signed up, and is signed in unless the instance wants something else first.
type User struct {
	ID           string
	Email        string
	SessionToken string // Better Auth's own, opaque; "" when signing up did not sign in

	instance *Instance
	cookies  []*http.Cookie
}

// SignUp makes a user with the given e-mail address and signs them in, as a browser does it, with cookies.
func (i *Instance) SignUp(t testing.TB, email string) *User {
	t.Helper()
	name, _, _ := strings.Cut(email, "@")
	got, err := i.post("/sign-up/email", map[string]string{"name": name, "email": email, "password": Password}, nil)
	return i.user(t, got, err)
}

// SignIn signs a user in once more: a second session.
func (i *Instance) SignIn(t testing.TB, email string) *User {
	t.Helper()
	got, err := i.post("/sign-in/email", map[string]string{"email": email, "password": Password}, nil)
	return i.user(t, got, err)
}

// user reads the answer to signing up or in.
func (i *Instance) user(t testing.TB, got answer, err error) *User {
	t.Helper()
	var body struct {
		Token string
		User  StoredUser
	}
	if err == nil {
		err = json.Unmarshal(got.body, &body)
	}
	if err != nil {
		t.Fatalf("betterauthtest: %v", err)
	}
	return &User{
		ID:           body.User.ID,
		Email:        body.User.Email,
		SessionToken: body.Token,
		instance:     i,
		cookies:      got.cookies,
	}
}

// post sends a body to a route of the instance.
func (i *Instance) post(route string, body any, header http.Header) (answer, error) {
	return send(http.MethodPost, i.API+route, header, body)
}

// Verify follows the link in a captured mail.
func (i *Instance) Verify(t testing.TB, mail Mail) {
	t.Helper()
	if _, err := send(http.MethodGet, i.API+"/verify-email?token="+url.QueryEscape(mail.Token), nil, nil); err != nil {
		t.Fatalf("betterauthtest: %v", err)
	}
}

// JWT fetches a token for todod from /token, as a frontend does. It may be called from any goroutine.
func (u *User) JWT() (string, error) {
	got, err := send(http.MethodGet, u.instance.API+"/token", u.header(), nil)
	if err != nil {
		return "", err
	}
	if token := text(got.body, "token"); token != "" {
		return token, nil
	}
	return "", errNoJWT
}

// HeaderJWT takes a token for todod from the header set-auth-jwt that comes with the session.
func (u *User) HeaderJWT() (string, error) {
	got, err := send(http.MethodGet, u.instance.API+"/get-session", u.header(), nil)
	if err != nil {
		return "", err
	}
	if token := got.header.Get("Set-Auth-Jwt"); token != "" {
		return token, nil
	}
	return "", errNoJWT
}

// Cookie returns the value of the cookie better-auth.NAME as Better Auth set it, percent-decoded, or "".
func (u *User) Cookie(name string) string {
	for _, cookie := range u.cookies {
		if cookie.Name == "better-auth."+name {
			value, err := url.PathUnescape(cookie.Value)
			if err == nil {
				return value
			}
		}
	}
	return ""
}

// ChangeEmail asks for another address. Better Auth sends mails about it.
func (u *User) ChangeEmail(t testing.TB, address string) {
	t.Helper()
	u.change(t, "/change-email", map[string]string{"newEmail": address})
}

// SetImage gives the user a picture, by its URL.
func (u *User) SetImage(t testing.TB, image string) {
	t.Helper()
	u.change(t, "/update-user", map[string]string{"image": image})
}

// change sends a body to a route as a page does on which the user is signed in.
func (u *User) change(t testing.TB, route string, body any) {
	t.Helper()
	header := u.header()
	header.Set("Origin", u.instance.URL) // or cookies are not accepted
	if _, err := u.instance.post(route, body, header); err != nil {
		t.Fatalf("betterauthtest: %v", err)
	}
}

// header returns the user's cookies as a browser sends them.
func (u *User) header() http.Header {
	pairs := make([]string, 0, len(u.cookies))
	for _, cookie := range u.cookies {
		pairs = append(pairs, cookie.Name+"="+cookie.Value)
	}
	return http.Header{"Cookie": {strings.Join(pairs, "; ")}}
}
