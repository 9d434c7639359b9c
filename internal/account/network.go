package account

import (
	"context"
	"errors"
	"net/netip"

	"todod/internal/todo"
)

// network returns the network that c is in, of so many bits; "" if its address is none. An address in both worlds
// (::ffff:192.0.2.1) is IPv4.
func (c Client) network(bits4, bits6 int) string {
	addr, err := netip.ParseAddr(c.Address)
	if err != nil {
		return ""
	}
	addr = addr.Unmap().WithZone("")
	bits := bits4
	if addr.Is6() {
		bits = bits6
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}

// home returns the smallest network that c has to itself: its IPv4 address, or the /64 of an IPv6 address, since whoever
// has one address of that has all.
func (c Client) home() string { return c.network(32, 64) }

// neighbourhood returns the network around c that one customer may have many addresses of: a /24 of IPv4, a /48 of IPv6.
func (c Client) neighbourhood() string { return c.network(24, 48) }

// networkPurpose keeps the keys of known networks apart from everything else that is made of the same secrets.
const networkPurpose = "todod: who signed in from where, v1"

// networks returns what is remembered of the network of somebody who signs in by a normalised e-mail address, one for each
// secret; none if it isn't known where that is. It says neither the network nor the address to who has no secret, nor that
// two people are in one network.
func networks(secrets [][]byte, email string, from Client) []string {
	home := from.home()
	if home == "" {
		return nil
	}
	all := make([]string, len(secrets))
	for i, secret := range secrets {
		all[i] = base64url.EncodeToString(mac(mac(secret, networkPurpose), email+"\x00"+home))
	}
	return all
}

// begun returns session as it begins for who signs in by a normalised e-mail address.
func (s *Sessions) begun(session Session, email string, from Client) Session {
	if all := networks(s.secrets(), email, from); len(all) > 0 {
		session.Network = all[0]
	}
	return session
}

// known reports whether somebody with this normalised e-mail address signed in from the network of from within
// NetworkKnownFor. It does the same whether or not that is anybody's.
func (s *Sessions) known(ctx context.Context, email string, from Client) (bool, error) {
	return s.store.NetworkKnown(ctx, networks(s.secrets(), email, from), s.moment().Add(-NetworkKnownFor))
}

// ErrUnknownNetwork is why somebody was refused whose password was not even looked at.
var ErrUnknownNetwork = errors.New("nobody signed in from this network of late")

// unknownNetwork is the answer to a sign-in from a network that isn't known: that to bad credentials.
func unknownNetwork() error { return badCredentials(ErrUnknownNetwork) }

// isRefusal reports whether err refuses credentials, rather than saying that nobody could look at them.
func isRefusal(err error) bool {
	code := todo.CodeOf(err)
	return code == todo.Unauthenticated || code == todo.Limited
}
