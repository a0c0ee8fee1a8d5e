// truth: safe: a const table of actions that the number of the signal chooses, checked for its end and for null
#include "corpus.h"
static volatile sig_atomic_t quit, reload;
static void do_quit(void) { quit = 1; } static void do_reload(void) { reload = 1; }
static void (*const actions[32])(void) = {[SIGHUP] = do_reload, [SIGTERM] = do_quit, [SIGINT] = do_quit};
static void handler(int s) { if (s > 0 && s < 32 && actions[s]) actions[s](); }
MAIN(handler)
