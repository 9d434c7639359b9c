package httpapi

// NewPatientWriter is newPatientWriter.
var NewPatientWriter = newPatientWriter
