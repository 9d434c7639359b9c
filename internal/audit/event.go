// Package audit tells whoever watches for misuse what happened: which events there are, and a file of them in which
// nothing can be changed, taken out or put elsewhere unseen.
package audit

import (
	"context"
	"log/slog"
	"maps"
	"slices"
)

// An Event is something that happened and that is of interest to whoever watches for misuse. Its text is its stable name:
// the message of its line in the log. docs/security-events.md has all of them.
type Event string

// What happens to tokens and sign-ins.
const (
	// Registered: an account was made, and its person signed in.
	Registered Event = "auth.registered"
	// RegistrationPending: an account may have been made, and its person has something to do first.
	RegistrationPending Event = "auth.registration_pending"
	// RegistrationRefused: the address has an account, or the service where people sign in says no.
	RegistrationRefused Event = "auth.registration_refused"
	// SignedIn: somebody knew the password.
	SignedIn Event = "auth.signed_in"
	// SignInRefused: a wrong address or password, or the service where people sign in says no.
	SignInRefused Event = "auth.sign_in_refused"
	// SignedOut: a session was ended by whoever had it.
	SignedOut Event = "auth.signed_out"
	// PasswordChanged: somebody replaced their password, which ended their other sessions.
	PasswordChanged Event = "auth.password_changed"
	// PasswordChangeRefused: whoever has the token doesn't know the password, or the new one is no good.
	PasswordChangeRefused Event = "auth.password_change_refused"
	// RefreshRefused: a refresh token was no good, or its session had ended.
	RefreshRefused Event = "auth.refresh_refused"
	// RefreshReused: a refresh token came that had been replaced, so two have it.
	RefreshReused Event = "auth.refresh_reused"
	// TokenRefused: an access token or a ticket was no good.
	TokenRefused Event = "auth.token_refused" //nolint:gosec // a name, no credential
	// TokenRefusedBurst: many of them came from one network within a minute.
	TokenRefusedBurst Event = "auth.token_refused_burst" //nolint:gosec // a name, no credential
)

// What happens to people and their tasks.
const (
	// ProfileChanged: somebody changed their name or e-mail address.
	ProfileChanged Event = "account.profile_changed"
	// Exported: somebody took along all that is kept of them.
	Exported Event = "account.exported"
	// ExportCut: an export broke off.
	ExportCut Event = "account.export_cut"
	// Erased: everything of somebody is gone, at their request.
	Erased Event = "account.erased"
	// TaskNotFound: somebody asked for a task that is not theirs: somebody else's, or nobody's.
	TaskNotFound Event = "task.not_found"
	// LimitExceeded: somebody was held back by a limit for the first time in a minute.
	LimitExceeded Event = "limit.exceeded"
)

// What operators do.
const (
	// UserCreated: an operator made an account.
	UserCreated Event = "user.created"
	// UserPasswordSet: an operator gave somebody a new password.
	UserPasswordSet Event = "user.password_set"
	// UserErased: an operator erased somebody.
	UserErased Event = "user.erased"
	// UserTokenMinted: an operator made an access token for somebody.
	UserTokenMinted Event = "user.token_minted" //nolint:gosec // a name, no credential
	// DatabaseBackedUp: an operator wrote everybody's data into a file.
	DatabaseBackedUp Event = "database.backed_up"
	// DatabaseRestored: an operator replaced everybody's data by that of a backup.
	DatabaseRestored Event = "database.restored"
	// DatabaseLeapt: an operator raised everybody's revisions and the ids of tasks, as is done after a restored backup.
	DatabaseLeapt Event = "database.leapt"
	// SecretsChanged: a server uses other secrets from now on.
	SecretsChanged Event = "secrets.changed"
	// SecretsRefused: there are new secrets that can't be used.
	SecretsRefused Event = "secrets.refused"
	// CertificateReloaded: a server shows its clients another certificate from now on.
	CertificateReloaded Event = "certificate.reloaded"
	// ServerStarted: a server is about to listen.
	ServerStarted Event = "server.started"
	// ServerStopped: a server ends, and was not killed.
	ServerStopped Event = "server.stopped"
)

// What happens to the audit file itself.
const (
	// Opened: an audit file begins. It is the first line of each and stands nowhere else.
	Opened Event = "audit.opened"
	// Torn: the line before was cut off when todod or its machine ended in the middle of it.
	Torn Event = "audit.torn"
	// Gap: events were not written while the file could not be, or too many came at once.
	Gap Event = "audit.gap"
	// Failed: the file can't be written. It stands in the log only.
	Failed Event = "audit.failed"
	// Anchor: where the file ends now, to be compared later. It stands in the log only.
	Anchor Event = "audit.anchor"
)

// levels has the level of every event there is.
var levels = map[Event]slog.Level{
	Registered: slog.LevelInfo, RegistrationPending: slog.LevelInfo, RegistrationRefused: slog.LevelWarn,
	SignedIn: slog.LevelInfo, SignInRefused: slog.LevelWarn, SignedOut: slog.LevelInfo,
	PasswordChanged: slog.LevelInfo, PasswordChangeRefused: slog.LevelWarn,
	RefreshRefused: slog.LevelWarn, RefreshReused: slog.LevelWarn,
	TokenRefused: slog.LevelWarn, TokenRefusedBurst: slog.LevelWarn,

	ProfileChanged: slog.LevelInfo, Exported: slog.LevelInfo, ExportCut: slog.LevelWarn, Erased: slog.LevelWarn,
	TaskNotFound: slog.LevelWarn, LimitExceeded: slog.LevelWarn,

	UserCreated: slog.LevelInfo, UserPasswordSet: slog.LevelWarn, UserErased: slog.LevelWarn,
	UserTokenMinted:  slog.LevelWarn,
	DatabaseBackedUp: slog.LevelInfo, DatabaseRestored: slog.LevelWarn, DatabaseLeapt: slog.LevelWarn,
	SecretsChanged: slog.LevelInfo, SecretsRefused: slog.LevelError,
	CertificateReloaded: slog.LevelInfo, ServerStarted: slog.LevelInfo, ServerStopped: slog.LevelInfo,

	Opened: slog.LevelInfo, Torn: slog.LevelWarn, Gap: slog.LevelWarn, Failed: slog.LevelError, Anchor: slog.LevelInfo,
}

// Events returns every event there is, by name.
func Events() []Event { return slices.Sorted(maps.Keys(levels)) }

// Level returns the level that e is told at, always the same.
func (e Event) Level() slog.Level { return levels[e] }

// Log tells logger that e happened.
func (e Event) Log(ctx context.Context, logger *slog.Logger, attrs ...slog.Attr) {
	logger.LogAttrs(ctx, e.Level(), string(e), attrs...)
}

// Logger returns a logger that tells log and, unless it is nil, file. What log is not to show goes into the file all the
// same.
func Logger(log *slog.Logger, file *File) *slog.Logger {
	if file == nil {
		return log
	}
	return slog.New(slog.NewMultiHandler(log.Handler(), file.handler()))
}
