/* Fills the tables of fields into a manual page.
 *
 * Reads a page from standard input and copies it; the line `.\" FIELDS pod` becomes a description of
 * the fields of the native pod spec, `.\" FIELDS oci` of an OCI spec, `.\" FIELDS manifest` of the
 * documents of a Kubernetes manifest, each with what becomes of it, from the very tables that the
 * decoder works by. So the manual cannot say something else than the program does. Runs at build
 * time only.
 */
#include "oci/spec.h"
#include "src/manifest/manifest.h"
#include "src/pod/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OBJECTS 128

struct list {
	const struct cpod_object *items[MAX_OBJECTS];
	size_t n;
};

static bool with_status;   /* say of each field whether it is carried out */

static bool
contains (const struct list *list, const struct cpod_object *object)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->items[i] == object)
			return true;
	return false;
}

/* Collects object and every object that its fields hold, outermost first; not what is held by fields
 * that are refused. */
static void
collect (struct list *list, const struct cpod_object *object)
{
	size_t i;

	if (!object || contains (list, object) || list->n == MAX_OBJECTS)
		return;
	list->items[list->n++] = object;
	for (i = 0; i < object->n_fields; i++)
		if (!(object->fields[i].flags & CPOD_FIELD_NOT_YET))
			collect (list, object->fields[i].object);
}

/* Text in a page: hyphens that can be copied, no escapes, no requests. */
static void
put (const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			fputs ("\\-", stdout);
		else if (*text == '\\')
			fputs ("\\e", stdout);
		else
			putchar (*text);
	}
}

/* "One of A, B." on lines of its own. */
static void
put_words (const char *const *words)
{
	fputs ("One of\n", stdout);
	for (; *words; words++) {
		fputs ("\\fB", stdout);
		put (**words ? *words : "\"\"");
		fputs (words[1] ? "\\fR,\n" : "\\fR.\n", stdout);
	}
}

/* Bounds that say more than the kind does. */
static void
put_bounds (const struct cpod_field *field)
{
	if (field->min == 0 && field->max == 0)
		return;
	if (field->max == INT64_MAX || field->max == INT32_MAX)
		printf (", at least %lld", (long long) field->min);
	else if (field->min == INT64_MIN)
		printf (", at most %lld", (long long) field->max);
	else
		printf (", %lld to %lld", (long long) field->min, (long long) field->max);
}

/* The kind of a field, in words. */
static void
put_kind (const struct cpod_field *field)
{
	static const char *const words[] = {
		[CPOD_KIND_STRING] = "string", [CPOD_KIND_BOOL] = "true or false", [CPOD_KIND_INT] = "number",
		[CPOD_KIND_UINT] = "number", [CPOD_KIND_OBJECT] = "object", [CPOD_KIND_STRINGS] = "list of strings",
		[CPOD_KIND_UINTS] = "list of numbers", [CPOD_KIND_ARRAY] = "list of objects",
		[CPOD_KIND_PAIRS] = "object of strings", [CPOD_KIND_MAP] = "object of objects",
		[CPOD_KIND_JSON] = "any value", [CPOD_KIND_ENUM] = "word",
	};

	if (field->kind != CPOD_KIND_CUSTOM)
		fputs (words[field->kind], stdout);
	if (field->kind == CPOD_KIND_INT || field->kind == CPOD_KIND_UINT)
		put_bounds (field);
	if (field->flags & CPOD_FIELD_ABSOLUTE)
		fputs (", begins with /", stdout);
	if (field->flags & CPOD_FIELD_REQUIRED)
		fputs (field->kind == CPOD_KIND_CUSTOM ? "required" : ", required", stdout);
}

/* A table's words as a sentence: "covered; a path" -> "Covered; a path." What begins with a name (a
 * system call, a file) stays as it is. */
static void
put_sentence (const char *text)
{
	size_t word = strspn (text, "abcdefghijklmnopqrstuvwxyz");
	char first[2] = { text[0], '\0' };

	if (word == strcspn (text, " ;:,") && text[word] == ' ' && first[0] >= 'a' && first[0] <= 'z')
		first[0] = (char) (first[0] - 'a' + 'A');
	put (first);
	put (text + 1);
	fputs (".\n", stdout);
}

static void
put_field (const struct cpod_field *field)
{
	fputs (".TP\n\\fB", stdout);
	put (field->name);
	fputs ("\\fR", stdout);
	if (with_status) {
		fputs (field->flags & CPOD_FIELD_NO_MEANING ? " (accepted, no meaning here)" : " (carried out)", stdout);
	} else if (field->kind != CPOD_KIND_CUSTOM || (field->flags & CPOD_FIELD_REQUIRED)) {
		fputs (" (", stdout);
		put_kind (field);
		putchar (')');
	}
	putchar ('\n');
	put_sentence (field->where && *field->where ? field->where : "as the schema says");
	if (field->kind == CPOD_KIND_ENUM && !(field->flags & CPOD_FIELD_NO_MEANING))
		put_words (field->words);
}

/* The names of the fields that are refused, in one sentence. first: nothing stands before it. */
static void
put_refused (const struct cpod_object *object, bool first)
{
	bool any = false;
	size_t i;

	for (i = 0; i < object->n_fields; i++) {
		if (!(object->fields[i].flags & CPOD_FIELD_NOT_YET))
			continue;
		if (!any && !first)
			fputs (".PP\n", stdout);
		fputs (any ? ",\n\\fB" : "Refused by name in this version:\n\\fB", stdout);
		put (object->fields[i].name);
		fputs ("\\fR", stdout);
		any = true;
	}
	if (any)
		fputs (".\n", stdout);
}

static void
put_object (const struct cpod_object *object)
{
	bool any = false;
	size_t i;

	fputs (".SS ", stdout);
	put (object->name);
	putchar ('\n');
	for (i = 0; i < object->n_fields; i++) {
		if (object->fields[i].flags & CPOD_FIELD_NOT_YET)
			continue;
		put_field (&object->fields[i]);
		any = true;
	}
	put_refused (object, !any);
}

/* The objects, NULL-terminated, and all that is in them. */
static void
put_all (const struct cpod_object *const *outermost)
{
	struct list list = { .n = 0 };
	size_t i;

	for (; *outermost; outermost++)
		collect (&list, *outermost);
	for (i = 0; i < list.n; i++)
		put_object (list.items[i]);
}

int
main (void)
{
	const struct cpod_object *const pod[] = { &cpod_spec_document_object, NULL }, *const oci[] = { cpod_oci_objects[0], NULL };
	const struct cpod_object *const manifest[] = {
		&cpod_manifest_pod_object, &cpod_manifest_config_map_object, &cpod_manifest_secret_object, NULL,
	};
	char line[4096];

	while (fgets (line, sizeof (line), stdin)) {
		with_status = strcmp (line, ".\\\" FIELDS manifest\n") == 0;
		if (strcmp (line, ".\\\" FIELDS pod\n") == 0)
			put_all (pod);
		else if (strcmp (line, ".\\\" FIELDS oci\n") == 0)
			put_all (oci);
		else if (with_status)
			put_all (manifest);
		else
			fputs (line, stdout);
	}
	return ferror (stdin) || fflush (stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
