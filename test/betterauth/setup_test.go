//go:build heavy

package betterauth

import (
	"net/http"
	"strings"
	"testing"

	"todod/internal/betterauthtest"
)

// TestRoutesElsewhere: keys are found where AUTH_JWKS_URL says, and issuer and audience stay the origin.
func TestRoutesElsewhere(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "elsewhere")
	if instance.API != instance.URL+"/id" {
		t.Fatalf("this tests nothing: the routes begin at %s", instance.API)
	}
	todod := serve(t, instance, "AUTH_JWKS_URL="+instance.API+"/.well-known/jwks.json")
	user := instance.SignUp(t, address("ada"))
	canWork(t, todod, must(t, user.JWT), user.ID)
}

// TestALargePicture: Better Auth writes the whole user into a token, so that a picture that is stored as a data URL
// makes it longer than todod takes, until either is told otherwise.
func TestALargePicture(t *testing.T) {
	t.Parallel()
	server := betterauthtest.Start(t)
	whole, lean := server.Instance(t, "default"), server.Instance(t, "lean")
	picture := "data:image/png;base64," + strings.Repeat("A", 9000)
	ada, bob := whole.SignUp(t, address("ada")), lean.SignUp(t, address("bob"))
	ada.SetImage(t, picture)
	bob.SetImage(t, picture)

	refused(t, serve(t, whole), must(t, ada.JWT))
	canWork(t, serve(t, whole, "AUTH_MAX_TOKEN_BYTES=16384"), must(t, ada.JWT), ada.ID)
	canWork(t, serve(t, lean), must(t, bob.JWT), bob.ID)
}

// TestAnInstanceThatPublishesNoKeys: with jwt.sign there are none, so that nothing can be said of a token that needs one,
// unless such tokens are not wanted at all.
func TestAnInstanceThatPublishesNoKeys(t *testing.T) {
	t.Parallel()
	server := betterauthtest.Start(t)
	instance := server.Instance(t, "hs256")
	foreign := must(t, server.Instance(t, "default").SignUp(t, address("eve")).JWT)
	away(t, serve(t, instance), foreign)
	refused(t, serve(t, instance, "AUTH_ALLOWED_ALGS=HS256"), foreign)
}

// TestATokenOutlivesItsSession: todod doesn't ask Better Auth about a token, so one that was handed out is good until it
// expires, here for a quarter of an hour, and what can be ended is only the making of new ones.
func TestATokenOutlivesItsSession(t *testing.T) {
	t.Parallel()
	instance := betterauthtest.Start(t).Instance(t, "default")
	todod := serve(t, instance)
	user := instance.SignUp(t, address("ada"))
	token := must(t, user.JWT)
	instance.EndSessions(t)
	if _, err := user.JWT(); err == nil || !strings.Contains(err.Error(), http.StatusText(http.StatusUnauthorized)) {
		t.Errorf("Better Auth makes tokens for an ended session: %v", err)
	}
	canWork(t, todod, token, user.ID)
}
