/* Says which dates libical gives to rules. Reads lines as askdateutil.py does. Of zones it knows UTC only, by the Z of
   DTSTART. Before all else it prints a line that says whether this libical knows RSCALE and SKIP. */

#include <libical/ical.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints the dates of one rule, with spaces between, and the end of the line. */
static void answer(const char *text, const char *start, int last, int number)
{
    icalerrno = ICAL_NO_ERROR;
    struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
    if (rule.freq == ICAL_NO_RECURRENCE || icalerrno != ICAL_NO_ERROR) {
        printf("error: %s\n", icalerror_strerror(icalerrno));
        return;
    }
    icalrecur_iterator *dates = icalrecur_iterator_new(rule, icaltime_from_string(start));
    if (dates == NULL) {
        printf("\n"); /* this is how it says that there are none */
        return;
    }
    for (int i = 0; i < number; i++) {
        struct icaltimetype date = icalrecur_iterator_next(dates);
        if (icaltime_is_null_time(date) || date.year > last) {
            break;
        }
        printf(i == 0 ? "%04d%02d%02d" : " %04d%02d%02d", date.year, date.month, date.day);
    }
    printf("\n");
    icalrecur_iterator_free(dates);
}

int main(void)
{
    static char line[4096];
    icalerror_set_errors_are_fatal(0);
    printf("%s\n", icalrecurrencetype_rscale_is_supported() ? "SKIP" : "no SKIP");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *rest = line, *members[5];
        for (int i = 0; i < 5; i++) {
            members[i] = strsep(&rest, "\t\n");
            if (members[i] == NULL) {
                fprintf(stderr, "a line without five members\n");
                return 1;
            }
        }
        answer(members[0], members[1], atoi(members[3]), atoi(members[4]));
        fflush(stdout);
    }
    return 0;
}
