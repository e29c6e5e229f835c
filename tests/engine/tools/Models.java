import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.xml.parsers.SAXParser;

import org.camunda.bpm.engine.impl.util.ReflectUtil;
import org.camunda.bpm.engine.impl.util.xml.Attribute;
import org.camunda.bpm.engine.impl.util.xml.Element;
import org.camunda.bpm.engine.impl.util.xml.Parse;
import org.camunda.bpm.engine.impl.util.xml.ParseHandler;
import org.camunda.bpm.engine.impl.util.xml.Parser;
import org.camunda.bpm.model.bpmn.Bpmn;
import org.camunda.bpm.model.bpmn.impl.BpmnModelConstants;
import org.camunda.bpm.model.cmmn.Cmmn;
import org.camunda.bpm.model.cmmn.impl.CmmnModelConstants;
import org.camunda.bpm.model.dmn.Dmn;
import org.camunda.bpm.model.dmn.impl.DmnModelConstants;
import org.camunda.bpm.model.xml.Model;
import org.xml.sax.SAXException;

/**
 * What the engine's own libraries know of models, for the tests of the inspector.
 *
 * names: every name of an element or attribute in the model API, one a line.
 * read:  parses files with the engine's own parser. In: for each a flag (1: with BPMN's schema, as at a deployment),
 *        a length and the bytes. Out: -1, or the number of elements, then for each in document order namespace, name,
 *        text, number of attributes, and for each of these namespace, name and value; texts as length and UTF-8.
 */
class Models {
    /** `CAMUNDA_ATTRIBUTE_CALLED_ELEMENT_TENANT_ID` is an attribute. */
    static final Pattern NAMED = Pattern.compile("[A-Z0-9]+_(ELEMENT|ATTRIBUTE)_");

    public static void main(String[] words) throws Exception {
        switch (words[0]) {
            case "names" -> names();
            case "read" -> read();
            default -> throw new IllegalArgumentException(words[0]);
        }
    }

    static void names() throws Exception {
        var names = new TreeSet<String>();
        // The API as it is registered, and the constants: each has names that the other lacks.
        walk(names, "bpmn", Bpmn.INSTANCE.getBpmnModelBuilder().build(), BpmnModelConstants.class);
        walk(names, "cmmn", Cmmn.INSTANCE.getCmmnModelBuilder().build(), CmmnModelConstants.class);
        walk(names, "dmn", Dmn.INSTANCE.getDmnModelBuilder().build(), DmnModelConstants.class);
        names.forEach(System.out::println);
    }

    static void walk(TreeSet<String> names, String kind, Model model, Class<?> constants) throws Exception {
        for (var type : model.getTypes()) {
            names.add(kind + " element " + type.getTypeName());
            type.getAttributes().forEach(a -> names.add(kind + " attribute " + a.getAttributeName()));
        }
        for (Field field : constants.getFields()) {
            var named = NAMED.matcher(field.getName());
            if (named.lookingAt()) {
                names.add(kind + " " + named.group(1).toLowerCase() + " " + field.get(null));
            }
        }
    }

    static class BareParser extends Parser {
        public Parse createParse() {
            return new Parse(this) {};
        }

        public Boolean isEnableXxeProcessing() {
            return false;
        }

        /** The engine's parser without the schema, which it reads anew each time. */
        SAXParser quickly() throws Exception {
            var factory = getSaxParserFactoryLazily();
            setXxeProcessing(factory);
            factory.setNamespaceAware(true);
            factory.setFeature(NAMESPACE_PREFIXES, true);
            return factory.newSAXParser();
        }
    }

    static void read() throws Exception {
        var in = new DataInputStream(System.in);
        var out = new DataOutputStream(new java.io.BufferedOutputStream(System.out));
        var parser = new BareParser();
        String schema = ReflectUtil.getResource("org/camunda/bpm/engine/impl/bpmn/parser/BPMN20.xsd").toString();
        while (true) {
            boolean strict;
            try {
                strict = in.readByte() == 1;
            } catch (EOFException end) {
                return;
            }
            byte[] file = in.readNBytes(in.readInt());
            Element root = null;
            try {
                Parse parse = parser.createParse().sourceInputStream(new ByteArrayInputStream(file));
                if (strict) {
                    parse.setSchemaResource(schema);
                    parse.execute();
                } else {
                    parser.quickly().parse(new ByteArrayInputStream(file), new ParseHandler(parse));
                }
                // Errors of the schema refuse a deployment later; those of XML itself are thrown here.
                root = parse.getRootElement();
            } catch (RuntimeException | SAXException refused) {
                // Told as -1.
            }
            if (root == null) {
                out.writeInt(-1);
            } else {
                out.writeInt(count(root));
                tell(out, root);
            }
            out.flush();
        }
    }

    static int count(Element element) {
        return 1 + element.elements().stream().mapToInt(Models::count).sum();
    }

    static void tell(DataOutputStream out, Element element) throws IOException {
        text(out, element.getUri());
        text(out, element.getTagName());
        text(out, element.getText());
        Map<String, Attribute> attributes = attributes(element);
        attributes.values().removeIf(attribute -> attribute.getName().matches("xmlns(:.*)?"));
        out.writeInt(attributes.size());
        for (Attribute attribute : attributes.values()) {
            text(out, attribute.getUri());
            text(out, attribute.getName());
            text(out, attribute.getValue());
        }
        for (Element child : element.elements()) {
            tell(out, child);
        }
    }

    @SuppressWarnings("unchecked")
    static Map<String, Attribute> attributes(Element element) {
        try {
            Field field = Element.class.getDeclaredField("attributeMap");
            field.setAccessible(true);
            return (Map<String, Attribute>) field.get(element);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException(error);
        }
    }

    static void text(DataOutputStream out, String text) throws IOException {
        byte[] bytes = text == null ? new byte[0] : text.getBytes(StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
