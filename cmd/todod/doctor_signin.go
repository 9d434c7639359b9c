package main

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"todod/internal/auth"
	"todod/internal/config"
)

// askTimeout is how long Better Auth may take.
const askTimeout = 5 * time.Second

// examineSignIn reports whether people can sign in, and tokens be verified.
func (r *report) examineSignIn(ctx context.Context, cfg config.Config) {
	r.check = "sign-in"
	a := cfg.Auth
	r.say("ok", "%s", signInMode(a))
	if a.BetterAuthURL != "" {
		r.betterAuth(ctx, cfg)
	}
	if a.JWKSURL != "" && slices.ContainsFunc(a.AllowedAlgs, func(alg string) bool { return alg != "HS256" }) {
		r.keys(ctx, a)
	}
}

// betterAuth reports on the Better Auth service. Whether it has the plugin bearer() can't be seen without an account.
func (r *report) betterAuth(ctx context.Context, cfg config.Config) {
	r.check = "better-auth"
	a := cfg.Auth
	where := a.BetterAuthURL + "/api/auth/ok"
	if u, err := url.Parse(a.BetterAuthURL); err == nil && u.Scheme == "http" && cfg.Env.Strict() && !onThisMachine(u.Hostname()) {
		r.say("warn", "BETTER_AUTH_URL is not https: passwords and keys can be read, and keys be forged, on the way")
	}
	status, ahead, err := askTime(ctx, where)
	switch {
	case err != nil:
		r.say("fail", "Better Auth can't be reached at %s, nobody can sign in there: %v", where, err)
		return
	case status != http.StatusOK && a.Provider == config.BetterAuth:
		r.say("fail", "Better Auth answers %d at %s: its routes must be at /api/auth of BETTER_AUTH_URL", status, where)
	case status != http.StatusOK:
		r.say("warn", "there is no Better Auth at %s, which answers %d", where, status)
	case a.Provider == config.BetterAuth:
		r.say("ok", "Better Auth answers; whether bearer() is among its plugins shows at the first sign-in")
	default:
		r.say("ok", "Better Auth answers")
	}
	switch off := ahead.Abs() - time.Second; { // the header has whole seconds
	case off > a.Leeway:
		r.say("fail", "Better Auth's clock is %s, more than AUTH_LEEWAY (%s): its tokens are refused, or good for too long. "+
			"Have both machines ask the network for the time", apart(ahead), a.Leeway)
	case off > a.Leeway/3:
		r.advise("warn", "have both machines ask the network for the time", "Better Auth's clock is %s, of %s that are allowed for (AUTH_LEEWAY)",
			apart(ahead), a.Leeway)
	default:
		r.say("ok", "Better Auth's clock agrees with this machine's")
	}
}

// onThisMachine reports whether a host of a URL is this machine, by its name.
func onThisMachine(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// askTime asks url once, following no redirects, and returns the status and by how much the server's clock is ahead of
// this machine's, to half a second and half of what the answer took.
func askTime(ctx context.Context, url string) (status int, ahead time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, 0, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	asked := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, 0, withoutURL(err)
	}
	answered := time.Now()
	_ = resp.Body.Close()
	date, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, 0, errors.New("it answers without a date")
	}
	return resp.StatusCode, date.Add(time.Second / 2).Sub(asked.Add(answered.Sub(asked) / 2)), nil
}

// withoutURL returns an error of a request without the URL that it repeats, whose query may be a key.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

// keys reports on the key server. Where nothing else can be verified it must have keys.
func (r *report) keys(ctx context.Context, a config.Auth) {
	r.check = "keys"
	verdict := "fail"
	if mints(a) {
		verdict = "warn"
	}
	if _, _, err := askTime(ctx, a.JWKSURL); err != nil {
		r.say("fail", "the keys that verify tokens can't be had from %s, such tokens get a 503: %v", a.JWKSShown(), err)
		return
	}
	n, err := auth.UsableKeys(ctx, a.JWKSURL, a.AllowedAlgs)
	switch {
	case err != nil:
		r.say(verdict, "there are no keys at %s, tokens that are signed with one get a 503; Better Auth has keys with its plugin jwt(): %v", a.JWKSShown(), withoutURL(err))
	case n == 0:
		r.say("warn", "no keys yet at %s that AUTH_ALLOWED_ALGS allows: Better Auth makes one when it first needs one", a.JWKSShown())
	default:
		r.say("ok", "%d keys at %s verify tokens", n, a.JWKSShown())
	}
}
