// truth: unsafe: reads through a pointer that is null until the configuration is loaded
#include "corpus.h"
struct config { volatile int level; };
struct config *config;
volatile sig_atomic_t level;
static void handler(int s) { (void)s; level = config->level; }
int main(int argc, char **argv) { (void)argv; INSTALL(SIGUSR1, handler); if (argc > 1) { config = malloc(sizeof *config); config->level = 1; } for (;;) pause(); }
