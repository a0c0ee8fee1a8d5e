// truth: unsafe: a logger object whose method appends to a std::string
#include "corpus.h"
#include <string>
struct Logger { std::string text; NOINLINE void line(const char *s) { text += s; text += '\n'; } };
static Logger logger;
static void handler(int s) { logger.line(s == SIGTERM ? "terminated" : "signal"); }
int main(void) { INSTALL(SIGTERM, handler); for (;;) pause(); }
