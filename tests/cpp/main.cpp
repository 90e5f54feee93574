#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "reference_blas.hpp"

int main(int argc, char** argv) {
    shrinkage::install_blas(shrinkage::test::reference_blas());
    return doctest::Context(argc, argv).run();
}
