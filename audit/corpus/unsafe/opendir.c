// truth: unsafe: opendir allocates
#include "corpus.h"
#include <dirent.h>
static void handler(int s) { (void)s; DIR *d = opendir("/proc/self/fd"); if (d) closedir(d); }
MAIN(handler)
