package httpapi

import (
	"net/http"

	"todod/internal/httpapi/docsui"
	"todod/internal/httpapi/webapp"
)

// ofTouched is the price of a request that changes as many tasks as there are: how many is known when it is done.
var ofTouched = price{Request: 1, TenthOf: "tasks that it changes"}

// ofOthers is the price of a request that changes others along with what it is about.
var ofOthers = price{Request: 1, TenthOf: "others that it changes along"}

// routes is every route there is. A secured one needs a token and counts against its user, as 1 unless it says what it
// costs; a public one counts against its address; an exempt one counts against nobody.
func (a *API) routes() {
	reads(a, "GET    /api/v1/tasks", a.listTasks, "List tasks", costs(price{Request: 1, Search: 5}))
	writes(a, "POST   /api/v1/tasks", a.createTask, "Create a task", status(http.StatusCreated))
	reads(a, "GET    /api/v1/tasks/{id}", a.getTask, "Read a task")
	writes(a, "PUT    /api/v1/tasks/{id}", a.updateTask, "Update a task", costs(ofOthers))
	writes(a, "PATCH  /api/v1/tasks/{id}", a.patchTask, "Merge into a task", mergePatch, merging, costs(ofOthers))
	writes(a, "DELETE /api/v1/tasks/{id}", a.deleteTask, "Delete a task", status(http.StatusNoContent), costs(ofOthers))
	writes(a, "PATCH  /api/v1/tasks/{id}/toggle", a.toggleTask, "Complete or reopen a task", costs(ofOthers))

	writes(a, "POST   /api/v1/tasks/{id}/complete", a.completeTask, "Complete a task, or an occurrence of it",
		optionalBody("Without one, the present occurrence is meant"), costs(ofOthers))
	writes(a, "POST   /api/v1/tasks/{id}/skip", a.skipTask, "Skip an occurrence of a task",
		optionalBody("Without one, the present occurrence is meant"), costs(ofOthers))
	reads(a, "GET    /api/v1/completions", a.listCompletions, "What was completed")

	writes(a, "POST   /api/v1/tasks/{id}/move", a.moveTask, "Put a task somewhere else", costs(ofOthers))

	reads(a, "GET    /api/v1/lists", a.listLists, "List the lists")
	writes(a, "POST   /api/v1/lists", a.createList, "Create a list", status(http.StatusCreated))
	reads(a, "GET    /api/v1/lists/{id}", a.getList, "Read a list")
	writes(a, "PUT    /api/v1/lists/{id}", a.updateList, "Update a list")
	writes(a, "PATCH  /api/v1/lists/{id}", a.patchList, "Merge into a list", mergePatch, merging)
	writes(a, "DELETE /api/v1/lists/{id}", a.deleteList, "Delete a list and its tasks", status(http.StatusNoContent), costs(ofOthers))
	writes(a, "POST   /api/v1/lists/{id}/move", a.moveList, "Put a list somewhere else", costs(ofOthers))
	secured(a, "GET    /api/v1/lists/{id}/history", a.getListHistory, "What happened to a list")

	reads(a, "GET    /api/v1/labels", a.listLabels, "List the labels")
	writes(a, "POST   /api/v1/labels", a.createLabel, "Create a label", status(http.StatusCreated))
	reads(a, "GET    /api/v1/labels/{id}", a.getLabel, "Read a label")
	writes(a, "PUT    /api/v1/labels/{id}", a.updateLabel, "Update a label")
	writes(a, "PATCH  /api/v1/labels/{id}", a.patchLabel, "Merge into a label", mergePatch, merging)
	writes(a, "DELETE /api/v1/labels/{id}", a.deleteLabel, "Delete a label", status(http.StatusNoContent))
	secured(a, "GET    /api/v1/labels/{id}/history", a.getLabelHistory, "What happened to a label")

	writes(a, "POST   /api/v1/tasks/batch", a.runBatch, "Several operations at once", upTo(maxBatchBody),
		answering(http.StatusPreconditionFailed), costs(price{Request: 1, TenthOf: "operations, and of others that they change along"}))
	writes(a, "POST   /api/v1/tasks/complete-all", a.completeAllTasks, "Complete all open tasks", costs(ofTouched))
	writes(a, "POST   /api/v1/tasks/clear-completed", a.clearCompletedTasks, "Move all completed tasks to the trash", costs(ofTouched))
	writes(a, "POST   /api/v1/undo", a.undo, "Take back changes that were made together", costs(ofTouched))

	secured(a, "GET    /api/v1/tasks/{id}/history", a.getTaskHistory, "What happened to a task")
	reads(a, "GET    /api/v1/trash", a.listTrash, "List the trash")
	writes(a, "POST   /api/v1/trash/{id}/restore", a.restoreTask, "Take something out of the trash", costs(ofOthers))
	writes(a, "DELETE /api/v1/trash/{id}", a.purgeTask, "Delete something for good", status(http.StatusNoContent), costs(ofOthers))
	secured(a, "GET    /api/v1/sync", a.sync, "What has changed", answering(http.StatusGone))
	secured(a, "GET    /api/v1/events", a.streamEvents, "Hear of changes as they happen", ticketed, secret, streaming)
	secured(a, "POST   /api/v1/events/ticket", a.createEventTicket, "Get a ticket for an event stream", secret)
	secured(a, "GET    /api/v1/operations/{key}", a.getOperation, "What came of a write", answering(http.StatusNotFound))

	// These answer to any spelling of their paths, and so do those of /api/auth: see frontendPath.
	reads(a, "GET    /api/todos", a.listTodos, "List todos")
	writes(a, "POST   /api/todos", a.createTodo, "Create a todo", status(http.StatusCreated))
	reads(a, "GET    /api/todos/{id}", a.getTodo, "Read a todo")
	writes(a, "PUT    /api/todos/{id}", a.updateTodo, "Update a todo", costs(ofOthers))
	writes(a, "DELETE /api/todos/{id}", a.deleteTodo, "Delete a todo", costs(ofOthers))
	writes(a, "PATCH  /api/todos/{id}/complete", a.completeTodo, "Complete or reopen a todo",
		optionalBody("Without one, an open todo is completed and a completed one reopened."), costs(ofOthers))

	public(a, "POST /api/auth/register", a.register, "Make an account and sign in",
		secret, signIn, status(http.StatusCreated), answering(http.StatusAccepted, http.StatusConflict))
	public(a, "POST /api/auth/login", a.login, "Sign in", secret, signIn, answering(http.StatusUnauthorized))
	public(a, "POST /api/auth/token", a.createToken, "Sign in with a form", secret, signIn, answering(http.StatusUnauthorized))
	public(a, "POST /api/auth/refresh", a.refresh, "Get a new access token", secret, answering(http.StatusUnauthorized))
	public(a, "POST /api/auth/logout", a.logout, "Sign out", secret, answering(http.StatusUnauthorized),
		optionalBody("The session of the bearer token ends, which may have expired"))
	secured(a, "POST /api/auth/change-password", a.changePassword, "Replace the password and end all other sessions", secret)

	secured(a, "GET    /api/v1/me", a.getMe, "Who the caller is")
	secured(a, "PATCH  /api/v1/me", a.updateMe, "Change the name, the e-mail address or the time zone")
	secured(a, "DELETE /api/v1/me", a.eraseMe, "Erase everything of the caller", status(http.StatusNoContent))
	secured(a, "GET    /api/v1/me/export", a.exportMe, "Everything there is of the caller", secret, streams[exportDocument](a),
		costs(price{Request: 20}))

	for _, prefix := range []string{"", "/api/v1"} {
		exempt(a, "GET "+prefix+"/health", a.health, "Is the process up?")
		exempt(a, "GET "+prefix+"/health/liveness", a.health, "Is the process up?")
		exempt(a, "GET "+prefix+"/health/readiness", a.readiness, "Can it do its work?")
	}

	a.file("GET /{$}", docsui.Home(a.home))
	a.file("GET /.well-known/security.txt", http.HandlerFunc(a.securityText))
	a.file("GET /openapi.json", docsui.Document(a.OpenAPI))
	a.file("GET /openapi-3.0.json", docsui.Document(func() []byte { return a.openAPI30() }))
	for pattern, page := range docsui.Routes("openapi.json") {
		a.file(pattern, page)
	}
}

// appRoutes is every route of the app: its files, and its session, which is one of /api/auth with the refresh token in a cookie.
func (a *API) appRoutes() {
	public(a, "POST   /app/session", a.startAppSession, "Sign in", ownPages, secret, signIn)
	public(a, "POST   /app/session/register", a.registerAppSession, "Make an account and sign in", ownPages, secret, signIn,
		status(http.StatusCreated))
	public(a, "POST   /app/session/refresh", a.refreshAppSession, "Get a new access token", ownPages, secret)
	public(a, "DELETE /app/session", a.endAppSession, "Sign out", ownPages, secret, status(http.StatusNoContent))
	for pattern, file := range webapp.Routes(http.HandlerFunc(nothingHere)) {
		a.file(pattern, file)
	}
}

// wrap puts around the routes what every request walks through, the first to see it first. What has its place after a
// route is known (who calls, how often) is in admit.
func (a *API) wrap(routes routeMux, origins, headers []string) http.Handler {
	return through(a.matched(routes),
		a.identified,   // a request id, and the record that the others write to
		a.measured,     // metrics and a trace, of what has become known when it is answered
		asForFrontends, // one spelling of the paths that have several
		a.logged,       // one line when it is answered
		a.recovered,    // a panic is a 500
		secure,         // headers for every answer
		a.strict,       // and one more for those by HTTPS
		cors(origins, headers),
		a.httpsOnly, // nothing by plain HTTP where that is required
	)
}

// through returns h behind the given layers, the first of them outermost.
func through(h http.Handler, layers ...func(http.Handler) http.Handler) http.Handler {
	for i := len(layers) - 1; i >= 0; i-- {
		h = layers[i](h)
	}
	return h
}
