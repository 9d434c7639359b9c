// Package betterauth holds todod against the real Better Auth: what its tokens get, and what they must not get.
package betterauth
