/* SPDX-License-Identifier: Apache-2.0 */
#include "base/xml.h"

#include "check.h"

#include <string.h>

#include "base/buf.h"
#include "base/view.h"

/* The events as one line: (name for a start, [text], ) for an end, ! and the problem for an error. */
static void tell_events(struct s3c_buf *out, char *body, size_t len)
{
    struct s3c_xml x;
    int r, depth = 0;

    s3c_xml_init(&x, body, len);
    while ((r = s3c_xml_next(&x)) > 0) {
        if (r == S3C_XML_START) {
            assert_int_equal(x.depth, ++depth);
            CHECK_CODE(s3c_buf_addf(out, "(%.*s", (int)x.name.len, x.name.ptr), 0);
        } else if (r == S3C_XML_TEXT) {
            assert_int_equal(x.depth, depth);
            CHECK_CODE(s3c_buf_addf(out, "[%.*s]", (int)x.text.len, x.text.ptr), 0);
        } else {
            assert_int_equal(x.depth, depth--);
            CHECK_CODE(s3c_buf_addf(out, "%.*s)", (int)x.name.len, x.name.ptr), 0);
        }
    }
    if (r < 0) {
        CHECK_CODE(r, S3C_E_PROTOCOL);
        CHECK_CODE(s3c_buf_addf(out, "!%s", x.problem), 0);
    } else {
        assert_int_equal(depth, 0);
        assert_int_equal(s3c_xml_next(&x), 0); /* the end stays the end */
    }
}

static void expect_events(const char *body, const char *events)
{
    struct check_guard g = check_guard_new(body, strlen(body));
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);

    tell_events(&out, g.ptr, g.len);
    CHECK_VIEW(s3c_buf_view(&out), events);
    check_guard_free(&g);
}

static void reads_what_servers_send(void **state)
{
    static const struct {
        const char *body, *events;
    } cases[] = {
        {"<a/>", "(aa)"},
        {"<a></a>", "(aa)"},
        {"<a>t</a>", "(a[t]a)"},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n  <b>1</b>\n  <c/>\n</a>\n",
         "(a(b[1]b)(cc)a)"},
        {"\xef\xbb\xbf<a/>", "(aa)"},
        {" \n<a/> \r\n\t", "(aa)"},
        {"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name></ListBucketResult>",
         "(ListBucketResult(Name[b]Name)ListBucketResult)"},
        {"<s3:a xmlns:s3='x'><s3:Key>k</s3:Key></s3:a>", "(a(Key[k]Key)a)"},
        {"<a x=\"1>2\" y='</a>'/>", "(aa)"},
        {"<a b />", "(aa)"},
        {"<a\n>x</a >", "(a[x]a)"},
        {"<a>1<!-- <b> & --> 2</a>", "(a[1 2]a)"},
        {"<a><?php <x> ?>1</a>", "(a[1]a)"},
        {"<a><![CDATA[<b>&amp;]]></a>", "(a[<b>&amp;]a)"},
        {"<a>x&amp;<![CDATA[]] >]]>&lt;</a>", "(a[x&]] ><]a)"},
        {"<a><![CDATA[]]></a>", "(aa)"},
        {"<!DOCTYPE a [<!ENTITY x \"]>\"> <!-- c -->]><a>&x;</a>", "(a[&x;]a)"},
        {"<!-- c --><a/><!-- d --><?e?>", "(aa)"},
        {"<a>1<b/>2</a>", "(a[1](bb)[2]a)"},
        {"<a> <b> x </b> </a>", "(a(b[ x ]b)a)"},
        {"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>",
         "(Error(Code[SlowDown]Code)(Message[Please reduce your request rate.]Message)Error)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_events(cases[i].body, cases[i].events);
}

static void undoes_references(void **state)
{
    static const struct {
        const char *text, *plain;
    } cases[] = {
        {"&amp;&lt;&gt;&quot;&apos;", "&<>\"'"},
        {"&quot;d41d8cd98f00b204e9800998ecf8427e&quot;", "\"d41d8cd98f00b204e9800998ecf8427e\""},
        {"a&#x01;b&#1;c&#x1F;", "a\x01"
                                "b\x01"
                                "c\x1f"},
        {"&#10;&#13;&#x9;", "\n\r\t"},
        {"&#xe4;&#xE4;&#228;", "\xc3\xa4\xc3\xa4\xc3\xa4"},
        {"&#x7ff;&#x800;&#x20ac;&#xffff;", "\xdf\xbf\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf"},
        {"&#x1F600;&#x10FFFF;", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
        {"&#x0000041;", "A"},
        {"&amp;amp;", "&amp;"},
        {"&#0;&#x0;&#xd800;&#xDFFF;&#x110000;", "&#0;&#x0;&#xd800;&#xDFFF;&#x110000;"},
        {"&#;&#x;&;&#xg;&#1a;&#x 1;&#-1;", "&#;&#x;&;&#xg;&#1a;&#x 1;&#-1;"},
        {"&nbsp; & &am &amp", "&nbsp; & &am &amp"},
        {"&#99999999999999999999;", "&#99999999999999999999;"},
        {"&&amp;&", "&&&"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);
        struct s3c_view text = {NULL, 0};
        struct s3c_xml x;

        CHECK_CODE(s3c_buf_addf(&b, "<a>%s</a>", cases[i].text), 0);
        s3c_xml_init(&x, b.ptr, b.len);
        CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
        CHECK_CODE(s3c_xml_text(&x, &text), 0);
        CHECK_VIEW(text, cases[i].plain);
        CHECK_CODE(s3c_xml_next(&x), 0);
    }
}

static void refuses_ill_formed_input(void **state)
{
    static const struct {
        const char *body, *events;
    } cases[] = {
        {"", "!there is no element"},
        {" \n", "!there is no element"},
        {"<!-- only -->", "!there is no element"},
        {"Service Unavailable", "!it does not begin like XML"},
        {"{\"error\":1}", "!it does not begin like XML"},
        {"<a>", "(a!the document ends inside an element"},
        {"<a>x", "(a!the document ends inside an element"},
        {"<a><b></b>", "(a(bb)!the document ends inside an element"},
        {"<a></b>", "(a!an end tag does not match its start"},
        {"<a></ab>", "(a!an end tag does not match its start"},
        {"<x:a></y:a>", "(a!an end tag does not match its start"},
        {"<a><b></a></b>", "(a(b!an end tag does not match its start"},
        {"</a>", "!a tag has no name"},
        {"<>", "!a tag has no name"},
        {"<a", "!a start tag is not closed"},
        {"<a b=\"", "!a start tag is not closed"},
        {"<a></a", "(a!an end tag does not match its start"},
        {"<a/><b/>", "(aa)!something follows the root element"},
        {"<a/>x", "(aa)!something follows the root element"},
        {"<a><!-- ", "(a!a comment is not closed"},
        {"<a><![CDATA[ ]>", "(a!a CDATA section is not closed"},
        {"<a><? ", "(a!a processing instruction is not closed"},
        {"<!DOCTYPE a [>", "!a declaration is not closed"},
        {"<!DOCTYPE a 'x>", "!a declaration is not closed"},
        {"<a><!ELEMENT x></a>", "(a!a tag has no name"},
        {"<!ELEMENT x>", "!a tag has no name"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_events(cases[i].body, cases[i].events);
}

static void nests_up_to_the_limit_only(void **state)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(1000);
    struct s3c_xml x;

    (void)state;
    for (int i = 0; i <= S3C_XML_MAX_DEPTH; i++)
        CHECK_CODE(s3c_buf_add_str(&b, "<a>"), 0);
    s3c_xml_init(&x, b.ptr, b.len);
    for (int i = 0; i < S3C_XML_MAX_DEPTH; i++)
        CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
    CHECK_CODE(s3c_xml_next(&x), S3C_E_PROTOCOL);
    assert_string_equal(x.problem, "elements are nested too deeply");
}

static void text_reads_a_whole_element(void **state)
{
    char body[] =
        "<r><Key>a b</Key><Prefix/><Empty></Empty><S> </S><C>1<!-- x -->2<![CDATA[<3>]]></C><E>&amp;</E></r>";
    static const char *const texts[] = {"a b", "", "", " ", "12<3>", "&"};
    struct s3c_xml x;

    (void)state;
    s3c_xml_init(&x, body, strlen(body));
    CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct s3c_view text = {NULL, 99};

        CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
        assert_int_equal(x.depth, 2);
        CHECK_CODE(s3c_xml_text(&x, &text), 0);
        assert_non_null(text.ptr);
        CHECK_VIEW(text, texts[i]);
    }
    CHECK_CODE(s3c_xml_next(&x), S3C_XML_END);
    CHECK_VIEW(x.name, "r");
    CHECK_CODE(s3c_xml_next(&x), 0);
}

static void text_refuses_children_and_early_ends(void **state)
{
    static const char *const bodies[] = {"<a>x<b/></a>", "<a><b>x</b></a>",  "<a>x", "<a>x</b>",
                                         "<a>x<",        "<a>&amp;<b/></a>", "<a>"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct check_guard g = check_guard_new(bodies[i], strlen(bodies[i]));
        struct s3c_view text = {NULL, 0};
        struct s3c_xml x;

        s3c_xml_init(&x, g.ptr, g.len);
        CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
        CHECK_CODE(s3c_xml_text(&x, &text), S3C_E_PROTOCOL);
        assert_non_null(x.problem);
        assert_null(text.ptr);
        check_guard_free(&g);
    }
}

static void skip_leaves_out_what_is_inside(void **state)
{
    char body[] = "<r><Owner><ID>1</ID><X><Y/></X>t</Owner><Skipped/><Key>k</Key></r>";
    struct s3c_view text;
    struct s3c_xml x;

    (void)state;
    s3c_xml_init(&x, body, strlen(body));
    CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
    for (int i = 0; i < 2; i++) {
        CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
        CHECK_CODE(s3c_xml_skip(&x), 0);
    }
    CHECK_CODE(s3c_xml_next(&x), S3C_XML_START);
    CHECK_CODE(s3c_xml_text(&x, &text), 0);
    CHECK_VIEW(text, "k");
    CHECK_CODE(s3c_xml_skip(&x),
               S3C_E_PROTOCOL); /* no element has just started: an error, not an endless loop */
}

static const char page[] =
    "<?xml version=\"1.0\"?><!-- c --><ListVersionsResult xmlns=\"u\"><Name>b</Name><Prefix/>"
    "<Version><Key>a&amp;b&#x01;</Key><VersionId>null</VersionId><ETag>&quot;e&quot;</ETag><Owner><ID>x</ID></Owner></Version>"
    "<s3:DeleteMarker a=\"1\"><s3:Key><![CDATA[<k>]]></s3:Key></s3:DeleteMarker></ListVersionsResult> ";

static void read_prefix(void *ctx, char *p, size_t n)
{
    struct s3c_xml x;
    int r;

    s3c_xml_init(&x, p, n);
    while ((r = s3c_xml_next(&x)) > 0)
        continue;
    CHECK_CODE(r, n < *(size_t *)ctx ? S3C_E_PROTOCOL : 0);
    s3c_xml_init(&x, p,
                 n); /* once unescaped it is another text, but still no reason to read too far */
    while ((r = s3c_xml_next(&x)) > 0 &&
           (r != S3C_XML_START || s3c_xml_text(&x, &(struct s3c_view){0}) <= 0))
        continue;
}

static void no_beginning_of_a_page_is_a_page(void **state)
{
    size_t whole = sizeof(page) - 2; /* the last byte is white space */

    (void)state;
    check_each_prefix(s3c_view_str(page), read_prefix, &whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(reads_what_servers_send),
        CHECK_TEST(undoes_references),
        CHECK_TEST(refuses_ill_formed_input),
        CHECK_TEST(nests_up_to_the_limit_only),
        CHECK_TEST(text_reads_a_whole_element),
        CHECK_TEST(text_refuses_children_and_early_ends),
        CHECK_TEST(skip_leaves_out_what_is_inside),
        CHECK_TEST(no_beginning_of_a_page_is_a_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
