// truth: safe: a small builder with a capacity appends texts and decimal numbers in the frame, and one write sends it
#include "corpus.h"
struct line { char text[128]; size_t len; };
NOINLINE static void add(struct line *l, const char *s) { while (*s && l->len < sizeof l->text) l->text[l->len++] = *s++; }
NOINLINE static void add_num(struct line *l, long v) {
    char d[24]; int i = 24; unsigned long u = v < 0 ? 0 - (unsigned long)v : v;
    d[--i] = 0;
    do { d[--i] = '0' + u % 10; u /= 10; } while (u && i > 1);
    if (v < 0) d[--i] = '-';
    add(l, d + i);
}
static void handler(int sig, siginfo_t *si, void *u) {
    int e = errno; struct line l; l.len = 0;
    add(&l, "signal "); add_num(&l, sig); add(&l, " from "); add_num(&l, si->si_pid); add(&l, "\n");
    ssize_t r = write(2, l.text, l.len); (void)r; errno = e;
}
MAIN_INFO(handler)
