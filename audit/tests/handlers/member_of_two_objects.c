// expect: pass
#include "corpus.h"
struct methods { long size, kind; void (*take)(int); };
struct object { void (*const *take)(int); };
static volatile sig_atomic_t first, second;
static void take_first(int s) { first = s; }
static void take_second(int s) { second = s; }
static __attribute__((section(".data.rel.ro.one"))) const struct methods one = { 1, 2, take_first };
static __attribute__((section(".data.rel.ro.two"))) const struct methods two = { 3, 4, take_second };
static const struct object a = { &one.take }, b = { &two.take };
static const struct object *const all[] = { &a, &b };
static void handler(int s) { (*all[s == SIGTERM]->take)(s); }
int main(void) { INSTALL(SIGTERM, handler); INSTALL(SIGINT, handler); while (!first && !second) pause(); }
