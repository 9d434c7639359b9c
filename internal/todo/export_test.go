package todo

// DecodeFields reads the fields of a task that the log holds.
func DecodeFields(data []byte) (Fields, error) { return taskFields.decode(data) }
