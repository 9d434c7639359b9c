package todo

// AppendPlace appends what Place returns to dst.
func (t *Task) AppendPlace(dst []byte) []byte {
	if t.Position != nil {
		return append(dst, *t.Position...)
	}
	return appendPlaceByAge(dst, t.ID)
}

// Place returns where t stands among the tasks of its list, or beside its parent's others, compared by bytes.
func (t *Task) Place() string {
	if t.Position != nil {
		return *t.Position
	}
	return placeByAge(t.ID)
}

// lastPlace returns where a new list stands: behind all others, those in the trash included.
func (b *builder) lastPlace() string {
	last := ""
	for _, trashed := range []bool{false, true} {
		for _, l := range b.all(KindList, trashed) {
			last = max(last, l.Position)
		}
	}
	key, ok := keyBetween(last, "", back, b.rev+1)
	if !ok { // there is always room behind the last, unless its key came from elsewhere
		return last
	}
	return key
}
