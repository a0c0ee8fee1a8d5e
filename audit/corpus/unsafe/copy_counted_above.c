// truth: unsafe: as many words as a signal's number are copied into a frame's array of sixteen
#include "corpus.h"
static volatile long words[64];
static void on_usr1(int sig) {
    volatile long copy[16];
    for (int i = 0; i < sig * 4; i++) copy[i] = words[i];
    words[0] = copy[1];
}
int main(int argc, char **argv) {
    (void)argv;
    INSTALL(SIGTERM, on_usr1);
    if (argc > 1) raise(SIGTERM);
    return 0;
}
