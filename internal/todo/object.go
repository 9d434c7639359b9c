package todo

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A Kind is what an object is: a task, or one of the things that order tasks. Its number is what stores keep, its name what
// goes out.
type Kind int16

// The kinds there are.
const (
	KindTask Kind = iota + 1
	KindList
	KindLabel
)

// kinds are the names of the kinds on the wire.
var kinds = [...]string{KindTask: "task", KindList: "list", KindLabel: "label"}

// Kinds are all kinds there are, in the order in which a snapshot tells of them.
var Kinds = [...]Kind{KindTask, KindList, KindLabel}

// String returns the name of k, or "" when k is no kind.
func (k Kind) String() string {
	if k < KindTask || k > KindLabel {
		return ""
	}
	return kinds[k]
}

// ParseKind returns the kind with exactly this name.
func ParseKind(name string) (Kind, bool) {
	for _, k := range Kinds {
		if kinds[k] == name {
			return k, true
		}
	}
	return 0, false
}

// title returns the name of k at the beginning of a sentence.
func (k Kind) title() string {
	name := k.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// The limits on lists and labels. In the trash there may be as many again; the ones that have been there the longest go early.
const (
	MaxLists     = 500
	MaxLabels    = 1000
	MaxListName  = 100 // code points
	MaxLabelName = 60  // code points
)

// most returns how many objects of a kind somebody may have outside the trash.
func (k Kind) most() int {
	if k == KindList {
		return MaxLists
	}
	return MaxLabels
}

// Object is what a person has beside tasks: a list or a label, as its kind says. What its kind doesn't have is zero. Ids are
// unique among tasks and objects of all kinds.
type Object struct {
	Kind      Kind
	ID        int64
	Owner     UserID
	Version   Rev
	Name      string  // trimmed; of the labels that are not in the trash, no two are alike (Store.Alike)
	Color     *string // #rrggbb, in lower case
	Archived  bool    // of a list
	Position  string  // of a list: where it stands among them, by bytes
	CreatedAt time.Time
	UpdatedAt time.Time // never earlier than it was
	DeletedAt *time.Time
}

// ObjectPatch says what to change of an object, or what a new one starts with, as Patch does of a task. Its kind says which of
// the fields it can have.
type ObjectPatch struct {
	Name     Opt[string]
	Color    Opt[string]
	Archived Opt[bool]
}

// An ObjectField is one of those of an object.
type ObjectField = FieldOf[Object, ObjectPatch]

// objectFields are those of the objects of each kind that the log keeps.
var objectFields = map[Kind]fieldsOf[Object, ObjectPatch]{
	KindList:  {nameField(MaxListName), colorField(), archivedField(), positionField(), objectDeleted()},
	KindLabel: {nameField(MaxLabelName), colorField(), objectDeleted()},
}

// ObjectFields returns the fields of objects of a kind that the log keeps.
func ObjectFields(k Kind) []*ObjectField { return append([]*ObjectField(nil), objectFields[k]...) }

// nameField describes a name of up to most code points.
func nameField(most int) *ObjectField {
	return writable(value[ObjectPatch]("name", func(o *Object) *string { return &o.Name }),
		func(p *ObjectPatch) *Opt[string] { return &p.Name },
		func(name *Opt[string], fault fault) { checkName("name", most, name, fault) })
}

// color is what colours look like, in either case.
var color = regexp.MustCompile(`^#[0-9A-Fa-f]{6}$`)

// colorField describes a colour.
func colorField() *ObjectField {
	return writableNull(nullable[ObjectPatch]("color", func(o *Object) **string { return &o.Color }),
		func(p *ObjectPatch) *Opt[string] { return &p.Color }, func(c *Opt[string], fault fault) {
			if !color.MatchString(c.V) {
				fault("color", "must look like #1e90ff, or be null")
			}
			c.V = strings.ToLower(c.V)
		})
}

// archivedField describes whether a list is put away.
func archivedField() *ObjectField {
	return writable(value[ObjectPatch]("archived", func(o *Object) *bool { return &o.Archived }),
		func(p *ObjectPatch) *Opt[bool] { return &p.Archived }, nil)
}

// positionField describes where a list stands, which nobody writes.
func positionField() *ObjectField {
	return value[ObjectPatch]("position", func(o *Object) *string { return &o.Position })
}

// objectDeleted describes when an object went to the trash.
func objectDeleted() *ObjectField {
	return moment[ObjectPatch](fieldDeleted, func(o *Object) **time.Time { return &o.DeletedAt })
}

// Normalise returns p as objects of a kind hold it. Its error is an Error of code Invalid that names every field at fault.
func (p ObjectPatch) Normalise(k Kind) (ObjectPatch, error) {
	err := objectFields[k].normalise(&p)
	return p, err
}

// Apply returns o as p changes it at the time now; p must be normalised. A p that changes nothing returns o as it was.
func (p ObjectPatch) Apply(o Object, now time.Time) Object {
	after := o
	objectFields[o.Kind].apply(&p, &after, now)
	if after.Same(&o) {
		return o
	}
	after.touch(now)
	return after
}

// Same reports whether o and other, of one kind, agree in everything a person can write.
func (o *Object) Same(other *Object) bool { return objectFields[o.Kind].same(o, other) }

// touch moves o's UpdatedAt forward to now, but never back.
func (o *Object) touch(now time.Time) {
	if now.After(o.UpdatedAt) {
		o.UpdatedAt = now
	}
}

// common returns what o has in common with tasks, in a task that has nothing else.
func (o *Object) common() Task {
	return Task{
		ID: o.ID, Owner: o.Owner, Version: o.Version, Priority: Medium, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt,
		DeletedAt: o.DeletedAt,
	}
}

// Image returns the fields of o that the log keeps of it as it is, beside what it has in common with tasks.
func (o *Object) Image() ([]byte, error) {
	fields := objectFields[o.Kind].all(o)
	delete(fields, fieldDeleted)
	return fields.Encode()
}

// ReadImage sets Object to what Image has written of an object of this kind, and Before to what Fields.Encode has. Task must
// have been read; there is no image of an object that is gone for good.
func (c *Change) ReadImage(k Kind, image, before []byte) (err error) {
	if k == KindTask || k == 0 {
		c.Before, err = taskFields.decode(before)
		return err
	}
	t := &c.Task
	c.Object = &Object{
		Kind: k, ID: t.ID, Owner: t.Owner, Version: t.Version, CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, DeletedAt: t.DeletedAt,
	}
	known := objectFields[k]
	if known == nil {
		return fmt.Errorf("an object of kind %d, which this program doesn't know", k)
	}
	fields, err := known.decode(image)
	if err != nil {
		return err
	}
	known.put(fields, c.Object)
	c.Before, err = known.decode(before)
	return err
}
